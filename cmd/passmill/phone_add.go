package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"passmill/output/passkit/phone"
	"passmill/sign"
)

type phoneAddCommand struct {
	phoneHome
	Pass string `arg:"" name:"file|url" help:"A pass (.pkpass), a bundle of them (.pkpasses), or the address of one."`
}

// Run takes passes in.
func (c *phoneAddCommand) Run(ctx context.Context, std streams) error {
	return c.with(std, func(p *phone.Phone, s *screen) error {
		data, err := c.read(ctx, p)
		if err != nil {
			return err
		}
		passes, err := unbundle(c.Pass, data)
		if err != nil {
			return err
		}
		var errs []error
		for _, data := range passes {
			errs = append(errs, addPass(ctx, p, s, data))
		}
		return s.ended(errors.Join(errs...))
	})
}

func addPass(ctx context.Context, p *phone.Phone, s *screen, data []byte) error {
	_, err := p.Add(ctx, data)
	refused, ok := errors.AsType[*phone.RefusedError](err)
	if !ok {
		return err
	}
	s.refused = true
	s.line(markBad, "refused", "a phone would not take this pass; passmill verify says how to mend it")
	for _, text := range refused.Texts {
		fmt.Fprintf(s.w, "    the phone's log says: %s\n", visible(text))
	}
	return nil
}

// read reads a file or what an address answers.
func (c *phoneAddCommand) read(ctx context.Context, p *phone.Phone) ([]byte, error) {
	u, err := url.Parse(c.Pass)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		data, err := os.ReadFile(c.Pass)
		if err != nil {
			return nil, noFile(c.Pass, err)
		}
		return data, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Pass, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", sign.MediaType+", "+sign.BundleMediaType)
	req.Header.Set("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) passmill phone")
	res, err := p.HTTP.Do(req)
	if u, ok := errors.AsType[*url.Error](err); ok {
		return nil, fmt.Errorf("get the pass: %w", u.Err) // the address may be a secret link
	}
	if err != nil {
		return nil, fmt.Errorf("get the pass: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get the pass: the server answered %s", res.Status)
	}
	if kind := res.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/") {
		return nil, fmt.Errorf("get the pass: this address answers with a page (%s), not a pass; give the address of the pass itself", kind)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxBundledPass))
	if err != nil {
		return nil, fmt.Errorf("get the pass: %w", err)
	}
	return data, nil
}

// unbundle returns the passes of a bundle, or the one pass that it is: a bundle holds
// archives, a pass does not.
func unbundle(name string, data []byte) ([][]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return [][]byte{data}, nil // the judgement says what is wrong
	}
	var passes [][]byte
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, ".pkpass") {
			return [][]byte{data}, nil
		}
		pass, err := bundled(name, f)
		if err != nil {
			return nil, err
		}
		passes = append(passes, pass)
	}
	return passes, nil
}
