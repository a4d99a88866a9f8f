package bitrix

import (
	"testing"

	"helpdesk/internal/testkit"
)

// quirkTests names, for each file, the tests of its QUIRK comments in their order.
var quirkTests = map[string][]string{
	"batch.go":     {"TestQuirkServerBoundsARequest", "TestQuirkNeitherMap"},
	"call.go":      {"TestQuirkKeyIsEchoed"},
	"client.go":    {"TestQuirkRenamedPortalRedirects"},
	"errors.go":    {"TestQuirkDescriptionIsHTML", "TestQuirkErrorHasManyForms", "TestQuirkFilterRefusesATextAlone", "TestQuirkOneCodeForAllOfATask", "TestQuirkOneCodeTwoMeanings"},
	"fetch.go":     {"TestQuirkDownloadWantsHeaders", "TestQuirkAddressWithoutHost"},
	"params.go":    {"TestQuirkValuesByPosition", "TestQuirkBatchIsEncoded", "TestQuirkFalseIsLeftOut", "TestQuirkReferencesInText"},
	"spent.go":     {"TestQuirkBudgetIsNotTold"},
	"stream.go":    {"TestQuirkUploadAnswersTwice"},
	"transport.go": {"TestQuirkTransportRepeatsKeys"},
	"types.go":     {"TestQuirkIDsOfAnyForm", "TestQuirkDatesOfAnyForm", "TestQuirkEmptyMapIsAList", "TestQuirkTimesOfAnyForm"},
}

func TestEveryQuirkHasATest(t *testing.T) { testkit.Quirks(t, quirkTests) }
