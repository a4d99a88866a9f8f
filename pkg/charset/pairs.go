package charset

import "sync"

// Indexes of letters: U+0430 is 0, U+044F is 31; the letter io counts as ie.
const (
	letterCount = 32
	wordEnd     = letterCount // not a letter: before and after a word
)

// In letterPairs, "a" means leastLikely, and each following letter adds likelyStep.
const (
	leastLikely = -460
	likelyStep  = 46
)

// letterPairs contains the likelihood of each pair of letters in Russian. It has a row for the beginning of a word and
// one for each first letter; a row has a column for each second letter and one for the end of a word. A value is 100·ln
// of the share in ‰. The pairs were counted in the Russian translations of Debian's programs and manuals; each word
// weighs the square root of its frequency.
const letterPairs = "" +
	"rrtqsnmssjtqstuvsursqoopoiagaplna" +
	"lrtqrspsnrstsvjrtsuonqqqooaaagqsv" +
	"umljnuhmtdqulsvlvqjtippjkrsskkhpq" +
	"wbojnvbltbstosvorrqrbobeombumgfot" +
	"ulopqtddudmspsxjvoltimimdddjdkjis" +
	"vjrnqwrmucqrotvqsrnsiomnoccqlilos" +
	"norqtopqorsttvpquttmmnopooaaaiklv" +
	"vpjjuwffwfrlmvpmjokrfffflffflkffq" +
	"xptktrllsdqpttuhroisddmkddgsjdhor" +
	"ppsqqtnsrtsrttppttujqpqrnmaaaaptu" +
	"kkmlqndlmdqsoromntsjmhllnddkddjly" +
	"wkohiskjvbmtlpwitsssilrflbbhimjfs" +
	"uoknlvphvbpplrvkfomrkhbnffbpvjsts" +
	"vpqjjwbbubnnrrurhpisihihibbtijiqw" +
	"uhlprugmvapihuvghrsrolmnkaauodlqs" +
	"ktvstsqqossttsostttklnorpjaaaigou" +
	"uiibjvbgtbmrhowpwoothjnhjbbolgkmp" +
	"wmqpovqjuapnqrvnoqrtlpkkpharmhiqs" +
	"soqlmsmetavtpputprwrkolooahqqgjtr" +
	"vmsgmuakuaronsunttlrljanefaruhjmu" +
	"qrpqstrqnptsssmstutipnlrprcccoulv" +
	"vfflftffwkjsonvjunqtrjfffffmojfjq" +
	"tlqekseeteilnqvitqmqlleejeejknejy" +
	"ukqljvfkyfrjfiqofojqfklffffsffjfs" +
	"veieixmewesokvojkmspejekoeeeoeeeq" +
	"vjoffwffxfsqmtrjqqrqjffjfffjoffls" +
	"vffffxffxffffmfffffrffffffffofffm" +
	"kkkkkykkkkkkkkkkkkkkkkkkkkkkkkkvk" +
	"cqunqvlphvqrulcrrpscgviqqiccchckv" +
	"dmmmmpdtldqdownjiusdldolriddddqqx" +
	"lnpqpiinmrvvstiqstvnsomitiiiiiiir" +
	"jqflpfpmklolmpjkqovfjfjvfwfffkofx" +
	"kmrlqtkrjmmorrlnpptklqomgqcccjrpy"

// pairScores returns the scores of two adjacent letters, given by index; wordEnd means outside of the word.
var pairScores = sync.OnceValue(func() *[letterCount + 1][letterCount + 1]int16 {
	all := new([letterCount + 1][letterCount + 1]int16)
	for before := range all {
		row := (before + 1) % len(all)
		for after := range all[before] {
			all[before][after] = int16(leastLikely + likelyStep*int(letterPairs[row*len(all)+after]-'a'))
		}
	}
	all[wordEnd][wordEnd] = 0
	return all
})
