package portal

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// quirkTests names, for each file, the tests of its QUIRK comments in their order.
var quirkTests = map[string][]string{
	"batch.go":     {"TestQuirkServerBoundsARequest", "TestQuirkNeitherMap"},
	"changes.go":   {"TestQuirkWholeSeconds", "TestQuirkUnknownFilterIsIgnored", "TestQuirkStatusLeavesActivityAlone", "TestQuirkAnotherCreator"},
	"check.go":     {"TestQuirkInactiveUserIsEmpty"},
	"client.go":    {"TestQuirkRenamedPortalRedirects"},
	"comments.go":  {"TestQuirkLastIDFollowsTheOrder", "TestQuirkParamsOfAMessage", "TestQuirkServiceCommentsAreSigned"},
	"contacts.go":  {"TestQuirkContactListGivesAll"},
	"download.go":  {"TestQuirkDownloadWantsHeaders", "TestQuirkAddressWithoutHost"},
	"errors.go":    {"TestQuirkDescriptionIsHTML", "TestQuirkErrorHasManyForms", "TestQuirkOneCodeTwoMeanings"},
	"find.go":      {"TestQuirkFilterByMarkIsNotTrusted"},
	"make.go":      {"TestQuirkTitleIsCutSilently", "TestQuirkMarkIsKeptAndNotUnique", "TestQuirkDeadlineHasAnOffset", "TestQuirkPrefixOfDriveObjects", "TestQuirkCommentOnBothCards", "TestQuirkCommentAnswersANumber"},
	"making.go":    {"TestQuirkControlIsDisapproved"},
	"params.go":    {"TestQuirkValuesByPosition", "TestQuirkBatchIsEncoded", "TestQuirkFalseIsLeftOut", "TestQuirkReferencesInText"},
	"reading.go":   {"TestQuirkEitherCardAnswers", "TestQuirkChatIDIsANumber", "TestQuirkGoneTaskIsAnEmptyList", "TestQuirkNoChatIsNull"},
	"rejoin.go":    {"TestQuirkAdministratorIsNoMember", "TestQuirkUpdateReplacesTheList"},
	"related.go":   {"TestQuirkRelatedObjects", "TestQuirkTagsStandInTheList"},
	"results.go":   {"TestQuirkResultWithoutItsMessage", "TestQuirkUnknownAuthorHasNoName"},
	"single.go":    {"TestQuirkKeyIsEchoed", "TestQuirkMessageAnswersTrue", "TestQuirkNoFilesByV3", "TestQuirkOldCardRefusesV3", "TestQuirkCreatorIsGiven"},
	"spent.go":     {"TestQuirkBudgetIsNotTold"},
	"stream.go":    {"TestQuirkUploadAnswersTwice"},
	"talks.go":     {"TestQuirkNewCardAnswersTheOldMethod"},
	"tasks.go":     {"TestQuirkUpperAndCamelCase", "TestQuirkActivityMayBeNull", "TestQuirkControlIsDone"},
	"tell.go":      {"TestQuirkABareNumberIsADialogWithAUser"},
	"transport.go": {"TestQuirkTransportRepeatsKeys"},
	"types.go":     {"TestQuirkIDsOfAnyForm", "TestQuirkDatesOfAnyForm", "TestQuirkEmptyMapIsAList", "TestQuirkTimesOfAnyForm"},
	"upload.go":    {"TestQuirkUniqueNames", "TestQuirkUploadsPassInBatch", "TestQuirkIDAndFileID"},
}

var testFunc = regexp.MustCompile(`(?m)^func (TestQuirk\w+)\(`)

// TestEveryQuirkHasATest reads the package's own files, so that an oddity can't be noted without proof.
func TestEveryQuirkHasATest(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	quirks, written := map[string]int{}, map[string]bool{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			quirks[name] = strings.Count(string(b), "QUIRK:")
			continue
		}
		for _, m := range testFunc.FindAllStringSubmatch(string(b), -1) {
			written[m[1]] = true
		}
	}
	for name, n := range quirks {
		if n != len(quirkTests[name]) {
			t.Errorf("%s has %d quirks and %d tests", name, n, len(quirkTests[name]))
		}
		for _, test := range quirkTests[name] {
			if !written[test] {
				t.Errorf("%s: %s is not written", name, test)
			}
			delete(written, test)
		}
	}
	for test := range written {
		t.Errorf("%s is of no quirk", test)
	}
}
