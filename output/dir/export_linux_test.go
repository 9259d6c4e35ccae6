package dir

// SetSync puts a function of a test in the place of syncfs(2).
func (s *Sink) SetSync(sync func() error) {
	s.disk.syncfs = func(int) error { return sync() }
}
