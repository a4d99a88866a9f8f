package store

import (
	"bytes"
	"fmt"
)

// Get returns the token for logging in to a mailbox, nil if there is none. It is JSON that only the mailbox's code
// understands, and a secret.
func (s Tokens) Get(mailbox string) (raw []byte, err error) {
	err = s.view(func(tx txn) error {
		v, err := tx.Bucket(bTokens).Get([]byte(mailbox))
		raw = bytes.Clone(v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the token of %s: %w", mailbox, err)
	}
	return raw, nil
}

// Put stores the token of a mailbox; nil deletes it. When it returns nil, the token is stored durably, except in a dry
// run.
func (s Tokens) Put(mailbox string, raw []byte) error {
	err := s.update(func(tx txn) error {
		if raw == nil {
			return tx.Bucket(bTokens).Delete([]byte(mailbox))
		}
		return tx.Bucket(bTokens).Put([]byte(mailbox), raw)
	})
	if err != nil {
		return fmt.Errorf("write the token of %s: %w", mailbox, err)
	}
	return nil
}

// Kept reports whether Put stores anything: a dry run does not.
func (s Tokens) Kept() bool { return !s.trial }
