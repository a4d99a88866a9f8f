package markup

// mark is an open BBCode tag. A block tag controls the newlines around and inside it.
type mark struct {
	open    string // without brackets
	shut    string // without brackets; "" = like open
	lone    bool   // without a closing tag
	inline  bool
	lined   bool // the content is on lines of its own
	written bool
	nl      int  // pending newlines before it
	start   bool // value of writer.start before it
}

// begin opens a tag. It is written together with its first content.
func (w *writer) begin(m mark) {
	if !m.inline {
		m.nl, m.start = w.nl, w.start
		w.nl, w.sp, w.fresh, w.blank, w.start = 0, false, true, false, true
	}
	w.due = append(w.due, m)
}

// end closes the last opened tag.
func (w *writer) end() {
	m := w.due[len(w.due)-1]
	w.due = w.due[:len(w.due)-1]
	switch {
	case !m.written && !m.inline:
		w.nl, w.start, w.sp, w.fresh, w.blank = m.nl, m.start, false, true, false
		return
	case !m.written:
		return
	case !m.inline && m.lined && !w.bol:
		w.out.WriteByte('\n')
	}
	if !m.lone {
		shut := m.shut
		if shut == "" {
			shut = m.open
		}
		w.out.WriteString(string(leftMark) + "/" + shut + string(rightMark))
		w.bol = false
	}
	if !m.inline {
		w.nl, w.sp, w.fresh, w.blank, w.start = 0, false, false, false, false
	}
}

// force writes the pending tags and newlines, but not the spaces.
func (w *writer) force() {
	last := -1 // the last pending block tag; other pending output is inside it
	for i := range w.due {
		if !w.due[i].written && !w.due[i].inline {
			last = i
		}
	}
	owed := last < 0
	for i := range w.due {
		m := &w.due[i]
		if m.written {
			continue
		}
		if !m.inline {
			w.newlines(m.nl)
		} else if i > last && !owed {
			w.gap()
			owed = true
		} else if last < 0 && owed {
			w.gap()
		}
		w.out.WriteString(string(leftMark) + m.open + string(rightMark))
		m.written, w.bol = true, false
		if m.lined {
			w.newlines(1)
		}
	}
}
