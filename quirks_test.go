package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// quirkTests lists, by package and file, the tests of the QUIRK comments in their order. It contains only packages in
// which every quirk has a test.
var quirkTests = map[string]map[string][]string{
	"pkg/bitrix": {
		"batch.go":  {"TestQuirkServerBoundsARequest", "TestQuirkNeitherMap"},
		"call.go":   {"TestQuirkKeyIsEchoed"},
		"client.go": {"TestQuirkRenamedPortalRedirects"},
		"errors.go": {
			"TestQuirkDescriptionIsHTML", "TestQuirkErrorHasManyForms", "TestQuirkFilterRefusesATextAlone",
			"TestQuirkOneCodeForAllOfATask", "TestQuirkOneCodeTwoMeanings",
		},
		"fetch.go": {"TestQuirkDownloadWantsHeaders", "TestQuirkAddressWithoutHost"},
		"params.go": {
			"TestQuirkValuesByPosition", "TestQuirkBatchIsEncoded", "TestQuirkFalseIsLeftOut",
			"TestQuirkReferencesInText",
		},
		"spent.go":     {"TestQuirkBudgetIsNotTold"},
		"stream.go":    {"TestQuirkUploadAnswersTwice"},
		"transport.go": {"TestQuirkTransportRepeatsKeys"},
		"types.go": {
			"TestQuirkIDsOfAnyForm", "TestQuirkDatesOfAnyForm", "TestQuirkEmptyMapIsAList", "TestQuirkTimesOfAnyForm",
		},
	},
	"pkg/portal": {
		"authors.go": {"TestQuirkWhoIsMissingIsNoSpecialist", "TestQuirkListOfUsersIsAMap"},
		"changes.go": {
			"TestQuirkWholeSeconds", "TestQuirkUnknownFilterIsIgnored", "TestQuirkStatusLeavesActivityAlone",
			"TestQuirkAnotherCreator",
		},
		"check.go": {"TestQuirkInactiveUserIsEmpty"},
		"comments.go": {
			"TestQuirkLastIDFollowsTheOrder", "TestQuirkMachinesAndOutsiders", "TestQuirkParamsOfAMessage",
			"TestQuirkServiceCommentsAreSigned",
		},
		"contacts.go": {"TestQuirkContactListGivesAll", "TestQuirkOneAddressIsLookedUp"},
		"find.go":     {"TestQuirkFilterByMarkIsNotTrusted"},
		"make.go": {
			"TestQuirkTitleIsCutSilently", "TestQuirkMarkIsKeptAndNotUnique", "TestQuirkDeadlineHasAnOffset",
			"TestQuirkPrefixOfDriveObjects",
		},
		"comment.go": {
			"TestQuirkChatsTellWhatTheyTook", "TestQuirkCommentOnBothCards", "TestQuirkZeroIsNoComment",
			"TestQuirkFilesArePassedOver", "TestQuirkNumbersWithoutPrefix", "TestQuirkChatIsMade",
			"TestQuirkFilesTakeMembership",
		},
		"look.go":   {"TestQuirkTasksShowAttachments", "TestQuirkFilesGetOtherNames"},
		"making.go": {"TestQuirkControlIsDisapproved", "TestQuirkNothingIsPostedWithoutFiles"},
		"reading.go": {
			"TestQuirkEitherCardAnswers", "TestQuirkChatIDIsANumber", "TestQuirkGoneTaskIsAnEmptyList",
			"TestQuirkNoChatIsNull",
		},
		"groups.go":  {"TestQuirkGroupsComeWithoutNames"},
		"rejoin.go":  {"TestQuirkAdministratorIsNoMember", "TestQuirkUpdateReplacesTheList"},
		"portal.go":  {"TestQuirkFirstBacklogOfASlowPortal"},
		"related.go": {"TestQuirkRelatedObjects", "TestQuirkTagsStandInTheList"},
		"results.go": {"TestQuirkResultWithoutItsMessage"},
		"single.go": {
			"TestQuirkNoFilesByV3", "TestQuirkNoCustomFieldsByV3", "TestQuirkOldCardRefusesV3",
			"TestQuirkCreatorIsGiven",
		},
		"staff.go":  {"TestQuirkActiveOfAnyForm"},
		"talks.go":  {"TestQuirkNewCardAnswersTheOldMethod"},
		"tasks.go":  {"TestQuirkUpperAndCamelCase", "TestQuirkActivityMayBeNull", "TestQuirkControlIsDone"},
		"tell.go":   {"TestQuirkABareNumberIsADialogWithAUser"},
		"who.go":    {"TestQuirkAddressTellsNoUser"},
		"upload.go": {"TestQuirkUniqueNames", "TestQuirkUploadsPassInBatch", "TestQuirkIDAndFileID"},
	},
}

var testFunc = regexp.MustCompile(`(?m)^func (TestQuirk\w+)\(`)

func TestEveryQuirkHasATest(t *testing.T) {
	for dir, tests := range quirkTests {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s (%v)", dir, err)
		}
		quirks, written := quirksOf(t, files)
		for name, n := range quirks {
			if n != len(tests[name]) {
				t.Errorf("%s/%s has %d quirks and %d tests", dir, name, n, len(tests[name]))
			}
			for _, test := range tests[name] {
				if !written[test] {
					t.Errorf("%s/%s: %s is not written", dir, name, test)
				}
				delete(written, test)
			}
		}
		for test := range written {
			t.Errorf("%s: %s is of no quirk", dir, test)
		}
	}
}

// quirksOf counts the QUIRK comments in each file, and collects the tests of quirks.
func quirksOf(t *testing.T, files []string) (quirks map[string]int, tests map[string]bool) {
	t.Helper()
	quirks, tests = map[string]int{}, map[string]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") {
			quirks[filepath.Base(file)] = strings.Count(string(b), "QUIRK:")
			continue
		}
		for _, m := range testFunc.FindAllStringSubmatch(string(b), -1) {
			tests[m[1]] = true
		}
	}
	return quirks, tests
}
