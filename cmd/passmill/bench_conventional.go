package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"

	"go.mozilla.org/pkcs7"
)

// conventional makes the passes as the libraries that users come from do: for
// each pass the JSON is marshalled, every file hashed and deflated, and the
// signature made from nothing. It is the yardstick that can be had anywhere.
func (b *bench) conventional() (float64, error) {
	f := b.work.filler
	return onAllCores(b.passes, func(i int) error {
		contents, err := b.work.fillRow(b.rows[i])
		if err != nil {
			return err
		}
		files := map[string][]byte{}
		for name, data := range f.constant {
			files[name] = data
		}
		var pass any // what a caller's own structs would be
		if err := json.Unmarshal(contents[0], &pass); err != nil {
			return err
		}
		if files["pass.json"], err = json.Marshal(pass); err != nil {
			return err
		}
		_, err = b.conventionalPass(files)
		return err
	})
}

func (b *bench) conventionalPass(files map[string][]byte) ([]byte, error) {
	sums := map[string]string{}
	for name, data := range files {
		sum := sha1.Sum(data) // the format asks for SHA-1
		sums[name] = hex.EncodeToString(sum[:])
	}
	manifest, err := json.Marshal(sums)
	if err != nil {
		return nil, err
	}
	files["manifest.json"] = manifest
	signed, err := pkcs7.NewSignedData(manifest)
	if err != nil {
		return nil, err
	}
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := signed.AddSigner(b.issued.Certificate, b.issued.Key, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	signed.Detach()
	if files["signature"], err = signed.Finish(); err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, data := range files {
		w, err := z.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return archive.Bytes(), err
}
