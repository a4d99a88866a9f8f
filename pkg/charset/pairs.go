package charset

// The numbers of letters: U+0430 is 0, U+044F is 31; io counts as ie.
const (
	letterCount = 32
	wordEnd     = letterCount // no letter: what stands before a word and behind it
)

// What a small letter in the table of pairs stands for: a is leastLikely, each further one likelyStep more.
const (
	leastLikely = -460
	likelyStep  = 46
)

// letterPairs says how likely in Russian one letter, or the end of a word, follows another: a row for the beginning of
// a word and one for each letter; in it a column for each letter and one for the end. The values are 100·ln of the
// share in ‰, counted in the Russian translations of Debian's programs and manuals, each word by the root of how often
// it stands there.
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

// pairScore returns the score of a pair: letters by their number, wordEnd before a word and behind it.
func pairScore(before, after int) int {
	row := 0
	if before != wordEnd {
		row = before + 1
	}
	return leastLikely + likelyStep*int(letterPairs[row*(letterCount+1)+after]-'a')
}
