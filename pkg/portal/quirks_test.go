package portal

import (
	"testing"

	"helpdesk/internal/testkit"
)

// quirkTests names, for each file, the tests of its QUIRK comments in their order.
var quirkTests = map[string][]string{
	"changes.go":  {"TestQuirkWholeSeconds", "TestQuirkUnknownFilterIsIgnored", "TestQuirkStatusLeavesActivityAlone", "TestQuirkAnotherCreator"},
	"check.go":    {"TestQuirkInactiveUserIsEmpty"},
	"comments.go": {"TestQuirkLastIDFollowsTheOrder", "TestQuirkParamsOfAMessage", "TestQuirkServiceCommentsAreSigned"},
	"contacts.go": {"TestQuirkContactListGivesAll"},
	"find.go":     {"TestQuirkFilterByMarkIsNotTrusted"},
	"make.go":     {"TestQuirkTitleIsCutSilently", "TestQuirkMarkIsKeptAndNotUnique", "TestQuirkDeadlineHasAnOffset", "TestQuirkPrefixOfDriveObjects", "TestQuirkCommentOnBothCards", "TestQuirkCommentAnswersANumber"},
	"making.go":   {"TestQuirkControlIsDisapproved"},
	"reading.go":  {"TestQuirkEitherCardAnswers", "TestQuirkChatIDIsANumber", "TestQuirkGoneTaskIsAnEmptyList", "TestQuirkNoChatIsNull"},
	"rejoin.go":   {"TestQuirkAdministratorIsNoMember", "TestQuirkUpdateReplacesTheList"},
	"related.go":  {"TestQuirkRelatedObjects", "TestQuirkTagsStandInTheList"},
	"results.go":  {"TestQuirkResultWithoutItsMessage", "TestQuirkUnknownAuthorHasNoName"},
	"single.go":   {"TestQuirkMessageAnswersTrue", "TestQuirkNoFilesByV3", "TestQuirkOldCardRefusesV3", "TestQuirkCreatorIsGiven"},
	"talks.go":    {"TestQuirkNewCardAnswersTheOldMethod"},
	"tasks.go":    {"TestQuirkUpperAndCamelCase", "TestQuirkActivityMayBeNull", "TestQuirkControlIsDone"},
	"tell.go":     {"TestQuirkABareNumberIsADialogWithAUser"},
	"upload.go":   {"TestQuirkUniqueNames", "TestQuirkUploadsPassInBatch", "TestQuirkIDAndFileID"},
}

func TestEveryQuirkHasATest(t *testing.T) { testkit.Quirks(t, quirkTests) }
