package main

type devicesCommand struct {
	Log devicesLog `cmd:"" help:"Show what phones don't like about passes or the server, and what to do."`
}
