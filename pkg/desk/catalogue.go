package desk

//go:generate go test -count=1 -run TestDecisionsDoc . -update

// RuleDoc tells one rule in a line.
type RuleDoc struct {
	Group     string // what the rules of it decide together
	ID        string
	Class     string // what a hit makes of the message; "" = nothing
	Condition string
	Effect    string
}

// Catalogue returns all rules in the order they are asked: what docs/decisions.md is made of.
func Catalogue() []RuleDoc {
	var docs []RuleDoc
	for _, g := range []struct {
		name  string
		rules []rule
	}{
		{"before", []rule{duplicateRule(), reusedRule()}},
		{"class", classRules()},
		{"report", []rule{insideRule()}},
		{"thread", threadRules()},
		{"standing", standRules()},
		{"auto-reply", quietRules()},
		{"files", []rule{picturesRule()}},
		{"routing", []rule{routingRule()}},
	} {
		for _, r := range g.rules {
			docs = append(docs, RuleDoc{g.name, r.id, r.class, r.when, r.effect})
		}
	}
	for _, r := range commentRules() {
		docs = append(docs, RuleDoc{"comment", r.id, "", r.when, r.effect})
	}
	return docs
}
