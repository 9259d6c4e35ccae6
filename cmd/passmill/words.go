package main

// choose returns the word for one, or that for another number.
func choose(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
