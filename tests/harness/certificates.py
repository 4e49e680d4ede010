"""Certificates made by the openssl command line, for tests only.

    authority = Authority(folder, "test-ca")
    server = authority.issue("server")          # server.cert, server.key
    context = authority.client_context(server)    # For Python's own connections.
"""

import os
import ssl
import subprocess


def openssl(*args):
    done = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True)
    assert done.returncode == 0, f"openssl {' '.join(map(str, args))}: {done.stderr}"
    return done.stdout


class Certificate:
    def __init__(self, cert, key):
        self.cert = cert
        self.key = key


class NodeTls:
    """What one process needs to speak TLS, and how tests reach it."""

    def __init__(self, authority, certificate, auth_clients="yes", **options):
        self.authority = authority
        self.certificate = certificate
        self.auth_clients = auth_clients
        self.options = options  # Further keys of Vigil's `tls:`.
        self.context = authority.client_context(certificate)

    def redis_cli(self, certificate=None):
        """Its arguments, to speak to this process as somebody with `certificate`."""
        shown = ["--cert", certificate.cert, "--key", certificate.key] if certificate else []
        return ["--tls", "--cacert", self.authority.cert, *shown]

    def directives(self):
        """For redis.conf and sentinel.conf."""
        return [("tls-cert-file", self.certificate.cert), ("tls-key-file", self.certificate.key),
                ("tls-ca-cert-file", self.authority.cert), ("tls-auth-clients", self.auth_clients)]

    def yaml(self):
        required = {"yes": "on", "no": "off", "optional": "optional"}[self.auth_clients]
        return {"enabled": "on", "cert-file": self.certificate.cert, "key-file": self.certificate.key,
                "ca-file": self.authority.cert, "require-client-certificate": required, **self.options}


class Authority:
    """One certificate authority with its files in `folder`."""

    def __init__(self, folder, name="test-ca"):
        self.folder = os.path.join(folder, name)
        self.name = name
        os.makedirs(self.folder)
        self.cert = os.path.join(self.folder, "ca.crt")
        self._key = os.path.join(self.folder, "ca.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 3650,
                "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.cert)
        self._serial = 0

    def issue(self, name, days=365, password=None, address=None):
        """A new certificate and key, as <name>.crt and <name>.key; the files of the same name are replaced.
        Negative days: it has expired. `address` is for clients that compare it with where they connected to."""
        cert, key = (os.path.join(self.folder, f"{name}.{kind}") for kind in ("crt", "key"))
        request = os.path.join(self.folder, f"{name}.csr")
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", f"{key}.new",
                *(["-aes256", "-pass", f"pass:{password}"] if password else []))
        openssl("req", "-new", "-key", f"{key}.new", "-subj", f"/CN={name}", "-out", request,
                *(["-passin", f"pass:{password}"] if password else []),
                *(["-addext", f"subjectAltName=IP:{address}"] if address else []))
        self._serial += 1
        if days > 0:
            openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self._key, "-set_serial", self._serial,
                    "-out", f"{cert}.new", "-days", days, "-copy_extensions", "copy")
        else:
            self._issue_expired(request, f"{cert}.new")
        os.replace(f"{key}.new", key)
        os.replace(f"{cert}.new", cert)
        return Certificate(cert, key)

    def _issue_expired(self, request, cert):
        """`openssl ca` is the one command of OpenSSL 3.0 that takes dates."""
        base = os.path.join(self.folder, "database")
        with open(base, "w"):
            pass
        config = os.path.join(self.folder, "ca.cnf")
        with open(config, "w") as file:
            file.write("[ca]\ndefault_ca = this\n[this]\n"
                       f"database = {base}\nnew_certs_dir = {self.folder}\nrand_serial = yes\ndefault_md = sha256\n"
                       "policy = any\n[any]\ncommonName = supplied\n")
        openssl("ca", "-batch", "-notext", "-config", config, "-in", request, "-cert", self.cert, "-keyfile",
                self._key, "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-out", cert)

    def client_context(self, certificate=None):
        """Checks the server against this authority, whatever name it has, as Redis does."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(self.cert)
        if certificate:
            context.load_cert_chain(certificate.cert, certificate.key)
        return context
