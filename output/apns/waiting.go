package apns

import "slices"

// wakeOne wakes who has waited longest; who gets a stream wakes the next.
func (p *pool) wakeOne() {
	if len(p.waiting) > 0 {
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
	}
}

func (p *pool) wakeAll() {
	for _, w := range p.waiting {
		close(w)
	}
	p.waiting = nil
}

// leave gives up waiting. Who was woken in this moment wakes another.
func (p *pool) leave(wake chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := len(p.waiting)
	p.waiting = slices.DeleteFunc(p.waiting, func(w chan struct{}) bool { return w == wake })
	if len(p.waiting) == before {
		p.wakeOne()
	}
}
