package desk

//go:generate go test -count=1 -run TestDecisionsDoc . -update

// RuleDoc is the documentation of one rule.
type RuleDoc struct {
	Group     Group
	ID        string
	Class     string // class of the message on a hit; "" = the rule sets none
	Condition string
	Effect    string
}

// Catalogue returns all rules in the order they are asked, for docs/decisions.md.
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
