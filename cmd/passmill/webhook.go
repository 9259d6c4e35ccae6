package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"passmill/output/webhook"
	"passmill/sign/secret"
)

// WebhookSettings are what passmill.yaml says under webhook.
type webhookSettings struct {
	URL       string `yaml:"url"`       // https://…, or http:// on this machine
	SecretEnv string `yaml:"secretEnv"` // environment variable with the secret that signs
}

// webhook returns where the operator is told of runs; nil if passmill.yaml names no
// such place.
func (w workspace) webhook() (*webhook.Hook, error) {
	set, err := w.settings()
	if err != nil || set.Webhook == (webhookSettings{}) {
		return nil, err
	}
	h := &webhook.Hook{URL: set.Webhook.URL, Agent: "passmill/" + version()}
	var text secret.Text
	if set.Webhook.SecretEnv == "" {
		err = errors.New("secretEnv: is missing; name the environment variable with the secret by which the receiver knows passmill")
	} else {
		text, err = secretFromEnv(set.Webhook.SecretEnv)
	}
	h.Secret = text
	if checked := h.Check(); err == nil || text != (secret.Text{}) {
		err = errors.Join(err, checked)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: webhook: %s", settingsFile, strings.ReplaceAll(err.Error(), "\n", "\n"+settingsFile+": webhook: "))
	}
	return h, nil
}

func secretFromEnv(name string) (secret.Text, error) {
	value, ok := os.LookupEnv(name)
	if !ok {
		return secret.Text{}, fmt.Errorf("the environment has no variable %s; set it to the secret that the receiver knows", name)
	}
	return secret.New(value), nil
}
