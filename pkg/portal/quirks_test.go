package portal

import (
	"testing"

	"helpdesk/internal/testkit"
)

// quirkTests names, for each file, the tests of its QUIRK comments in their order.
var quirkTests = map[string][]string{
	"authors.go":  {"TestQuirkWhoIsMissingIsNoSpecialist", "TestQuirkListOfUsersIsAMap"},
	"changes.go":  {"TestQuirkWholeSeconds", "TestQuirkUnknownFilterIsIgnored", "TestQuirkStatusLeavesActivityAlone", "TestQuirkAnotherCreator"},
	"check.go":    {"TestQuirkInactiveUserIsEmpty"},
	"comments.go": {"TestQuirkLastIDFollowsTheOrder", "TestQuirkMachinesAndOutsiders", "TestQuirkParamsOfAMessage", "TestQuirkServiceCommentsAreSigned"},
	"contacts.go": {"TestQuirkContactListGivesAll", "TestQuirkOneAddressIsLookedUp"},
	"find.go":     {"TestQuirkFilterByMarkIsNotTrusted"},
	"make.go":     {"TestQuirkTitleIsCutSilently", "TestQuirkMarkIsKeptAndNotUnique", "TestQuirkDeadlineHasAnOffset", "TestQuirkPrefixOfDriveObjects"},
	"comment.go":  {"TestQuirkChatsTellWhatTheyTook", "TestQuirkCommentOnBothCards", "TestQuirkZeroIsNoComment", "TestQuirkFilesArePassedOver", "TestQuirkNumbersWithoutPrefix", "TestQuirkChatIsMade", "TestQuirkFilesTakeMembership"},
	"look.go":     {"TestQuirkTasksShowAttachments", "TestQuirkFilesGetOtherNames"},
	"making.go":   {"TestQuirkControlIsDisapproved", "TestQuirkNothingIsPostedWithoutFiles"},
	"reading.go":  {"TestQuirkEitherCardAnswers", "TestQuirkChatIDIsANumber", "TestQuirkGoneTaskIsAnEmptyList", "TestQuirkNoChatIsNull"},
	"rejoin.go":   {"TestQuirkAdministratorIsNoMember", "TestQuirkUpdateReplacesTheList"},
	"portal.go":   {"TestQuirkFirstBacklogOfASlowPortal"},
	"related.go":  {"TestQuirkRelatedObjects", "TestQuirkTagsStandInTheList"},
	"results.go":  {"TestQuirkResultWithoutItsMessage"},
	"single.go":   {"TestQuirkNoFilesByV3", "TestQuirkNoCustomFieldsByV3", "TestQuirkOldCardRefusesV3", "TestQuirkCreatorIsGiven"},
	"staff.go":    {"TestQuirkActiveOfAnyForm"},
	"talks.go":    {"TestQuirkNewCardAnswersTheOldMethod"},
	"tasks.go":    {"TestQuirkUpperAndCamelCase", "TestQuirkActivityMayBeNull", "TestQuirkControlIsDone"},
	"tell.go":     {"TestQuirkABareNumberIsADialogWithAUser"},
	"who.go":      {"TestQuirkAddressTellsNoUser"},
	"upload.go":   {"TestQuirkUniqueNames", "TestQuirkUploadsPassInBatch", "TestQuirkIDAndFileID"},
}

func TestEveryQuirkHasATest(t *testing.T) { testkit.Quirks(t, quirkTests) }
