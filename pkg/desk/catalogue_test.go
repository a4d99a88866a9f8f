package desk

//go:generate go test -count=1 -run TestDecisionsDoc . -update

// RuleDoc tells one rule in a line.
type RuleDoc struct {
	Group     Group
	ID        string
	Class     string // what a hit makes of the message; "" = nothing
	Condition string
	Effect    string
}

// Catalogue returns all rules in the order they are asked: what docs/decisions.md is made of.
func Catalogue() []RuleDoc {
	var docs []RuleDoc
	for _, g := range []struct {
		group Group
		rules []rule
	}{
		{GroupBefore, []rule{duplicateRule(), reusedRule()}},
		{GroupClass, classRules()},
		{GroupReport, []rule{insideRule()}},
		{GroupThread, threadRules()},
		{GroupStanding, standRules()},
		{GroupAutoReply, append(quietRules(), floodRule())},
		{GroupCopy, []rule{copyRule(nil)}},
		{GroupFiles, []rule{picturesRule()}},
		{GroupRouting, []rule{routingRule()}},
		{GroupLetter, []rule{languageRule(), offHoursRule()}},
	} {
		for _, r := range g.rules {
			docs = append(docs, RuleDoc{g.group, r.id, r.class, r.when, r.effect})
		}
	}
	for _, r := range commentRules() {
		docs = append(docs, RuleDoc{GroupComment, r.id, "", r.when, r.effect})
	}
	return docs
}
