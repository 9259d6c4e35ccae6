package phonetest

// A writer changes passes, a transaction after the other.
type writer struct {
	changes []change
	wait    int  // steps until the commit: some are slow
	locked  bool // it holds the lock, and its changes have their numbers
}

type change struct{ pass, value, number int }

// write lets a writer do its next step: begin, take the lock and the numbers, wait,
// commit.
func (m *Memory) write(at int) {
	w := &m.writers[at]
	switch {
	case w.changes == nil:
		w.begin(m)
	case !w.locked:
		m.lock(at)
	case w.wait > 0:
		w.wait--
	default:
		m.commit(at)
	}
}

// begin chooses what to change.
func (w *writer) begin(m *Memory) {
	*w = writer{wait: m.rng.IntN(3)}
	if m.rng.IntN(20) == 0 {
		w.wait = m.rng.IntN(50)
	}
	for range 1 + m.rng.IntN(6) {
		w.changes = append(w.changes, change{pass: m.rng.IntN(len(m.data.passes)), value: m.rng.IntN(memoryValues)})
	}
}

// lock takes the lock, unless another has it, and the numbers of the changes.
func (m *Memory) lock(at int) {
	w := &m.writers[at]
	early := m.Fault == EarlyNumbers // a sequence: no lock, and commits out of order
	if !early && m.holder >= 0 {
		return
	}
	if !early {
		m.holder, m.data.drawn = at, m.data.number
	}
	w.locked = true
	for i := range w.changes {
		m.data.drawn++
		w.changes[i].number = m.data.drawn
	}
}

// commit makes the changes seen, all at once, or gives them up.
func (m *Memory) commit(at int) {
	w := &m.writers[at]
	if m.rng.IntN(30) > 0 {
		for _, c := range w.changes {
			m.apply(c)
		}
	}
	if m.holder == at {
		m.holder = -1
	}
	*w = writer{}
}

func (m *Memory) apply(c change) {
	p := &m.data.passes[c.pass]
	m.data.number = max(m.data.number, c.number)
	if p.value == c.value {
		return // no change
	}
	p.value, p.change, p.touched = c.value, c.number, m.now.Unix()
	if p.modified++; p.modified < p.touched || m.Fault == SameSecond {
		p.modified = p.touched
	}
	m.latest = max(m.latest, p.modified)
	for _, key := range m.data.devices {
		if _, registered := m.data.regs[registrationKey{key, c.pass}]; registered {
			s := m.data.subs[key]
			s.wanted, s.tries, s.due = c.number, 0, m.now
		}
	}
}

// finish lets all writers come to an end; they begin nothing before the next step that is theirs.
func (m *Memory) finish() {
	m.finished = true
	for range len(m.writers) {
		for at := range m.writers {
			for m.writers[at].changes != nil && (m.holder < 0 || m.holder == at || m.writers[at].locked) {
				m.write(at)
			}
		}
	}
}

// await lets the writer that holds the lock commit, as whoever else needs it waits.
func (m *Memory) await() {
	for at := m.holder; at >= 0 && m.holder == at; {
		m.write(at)
	}
}

// between lets writers work between two steps of a request.
func (m *Memory) between() {
	if m.rng.IntN(8) == 0 {
		m.work(m.rng.IntN(6))
	}
}

// work lets writers do some steps.
func (m *Memory) work(steps int) {
	if m.finished {
		return
	}
	for range steps {
		m.write(m.rng.IntN(len(m.writers)))
	}
}
