package store

import (
	"bytes"
	"fmt"
)

// Get returns what lets us into a mailbox, JSON that its owner understands; nil = nothing. It is a secret.
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

// Put keeps what lets us into a mailbox; nil forgets it. When it returns nil the state has it for good, but for a dry
// run's.
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

// Kept reports whether what is put stays: in a dry run it does not.
func (s Tokens) Kept() bool { return !s.trial }
