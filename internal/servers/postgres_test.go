package servers

import (
	"testing"
	"time"
)

func TestAStandbyFollowsAndTakesOver(t *testing.T) {
	p, err := StartPostgres(nil, "synchronous_standby_names = 'standby'", "synchronous_commit = local")
	Want(t, err)
	t.Cleanup(p.Stop)
	s, err := p.Standby()
	Want(t, err)
	t.Cleanup(s.Stop)
	if _, err := p.SQL("postgres", "set synchronous_commit = on; create table seen as select 7 as n"); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	if err := s.Promote(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		got, err := s.SQL("postgres", "select n, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), "+
			"(pg_control_checkpoint()).timeline_id from seen")
		t.Log(got, err)
		if err == nil && got[:10] == "7|00000002" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(got, err)
		}
	}
}
