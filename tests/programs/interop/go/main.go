// A peer that uses Go's crypto/tls: a server that echoes, or a client whose data is echoed.
//
//	main server "" cert.pem key.pem -
//	main client host:port cert.pem - pattern
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
)

func main() {
	if len(os.Args) != 6 {
		log.Fatal("main server|client ADDRESS CERTIFICATE KEY PATTERN")
	}
	address, certificate, key, pattern := os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	var err error
	switch os.Args[1] {
	case "server":
		err = serve(certificate, key)
	case "client":
		err = connect(address, certificate, pattern)
	default:
		err = errors.New("no such role: " + os.Args[1])
	}
	if err != nil {
		log.Fatal(err)
	}
}

func serve(certificate, key string) error {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	connection, err := listener.Accept()
	if err != nil {
		return err
	}
	// Without close_notify, the error is io.ErrUnexpectedEOF.
	if _, err := io.Copy(connection, connection); err != nil {
		return err
	}
	return connection.Close()
}

func connect(address, certificate, pattern string) error {
	pem, err := os.ReadFile(certificate)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return errors.New("no certificate in " + certificate)
	}
	data, err := os.ReadFile(pattern)
	if err != nil {
		return err
	}
	config := &tls.Config{RootCAs: roots, ServerName: "localhost"}
	connection, err := tls.Dial("tcp", address, config)
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		_, err := connection.Write(data)
		sent <- err
	}()
	echo := make([]byte, len(data))
	if _, err := io.ReadFull(connection, echo); err != nil {
		return err
	}
	if err := <-sent; err != nil {
		return err
	}
	if !bytes.Equal(echo, data) {
		return errors.New("the echo is not what was sent")
	}
	// Not earlier: in TLS 1.2, close_notify ends both directions.
	if err := connection.CloseWrite(); err != nil {
		return err
	}
	if rest, err := io.ReadAll(connection); err != nil || len(rest) > 0 {
		return fmt.Errorf("%d bytes behind the echo: %w", len(rest), err)
	}
	return connection.Close()
}
