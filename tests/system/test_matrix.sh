#!/bin/bash
# Relying parties' tools and libraries on a good, a revoked, an expired, an unissued and another
# CA's certificate; by OCSP alone, by CRL alone, by both. Some answers are not what one would wish,
# and right, or the client's own choice:
# - Rule 60 is for OCSP. A CRL lists what is revoked (RFC 5280 3.3), so the unissued is good by it;
#   by both too in NSS, which looks at CRLs first and asks on only where it finds none.
# - Who asks for nothing but the status hears that an expired certificate is good.
# - Rule 62: of another CA's certificate OCSP says unauthorized, and our CRL nothing. RFC 5280
#   6.3.3 calls that undetermined and leaves the rest to the client. GnuTLS and NSS's older
#   interface go on; NSS's newer one calls it revoked where it is told to fail without information.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/matrix.sh"
everybody

openssl_ocsp() {
	openssl ocsp -issuer "$(ca_of "$1")" -cert "$H/$1/auth.pem" -url "$OCSP_URL" -CAfile "$D/trust.pem"
}
openssl_verify() { # openssl_verify OPTION... NAME
	openssl verify -CAfile "$D/trust.pem" -untrusted "$D/pub/ca.pem" "${@:1:$#-1}" \
		"$H/${*: -1}/auth.pem"
}
row "openssl ocsp" OCSP "good revoked good revoked unauthorized" openssl_ocsp
run openssl x509 -in "$D/pub/ca.pem" -signkey "$D/foreign.key" -out "$D/twin.pem"
no "rule 62: a CA of our name with another key is another CA" \
	openssl ocsp -issuer "$D/twin.pem" -cert "$H/alice/auth.pem" -url "$OCSP_URL" -noverify
ok "... unauthorized" grep unauthorized "$D/out"
row "openssl verify -CRLfile" CRL "good revoked expired good unknown" \
	openssl_verify -crl_check_all -CRLfile "$D/crls.pem"
# not -crl_check_all: it wants a CRL for the root too, which names no place for one
row "openssl verify -crl_download" CRL "good revoked expired good unknown" \
	openssl_verify -crl_check -crl_download

ocsptool_ask() {
	ocsptool --ask="$OCSP_URL" --load-issuer "$(ca_of "$1")" --load-cert "$H/$1/auth.pem" \
		--load-trust "$(ca_of "$1")" | grep -E 'Status:|Verifying'
}
certtool_verify() {
	cat "$H/$1/auth.pem" "$(ca_of "$1")" |
		certtool --verify --load-ca-certificate "$D/trust.pem" --load-crl "$D/crls.pem" | tail -n 2
}
row "GnuTLS ocsptool" OCSP "good revoked good revoked unauthorized" ocsptool_ask
row "GnuTLS certtool --load-crl" CRL "good revoked expired good good" certtool_verify

# two databases: a CRL that is in one is looked at unasked
db=$D/nss
mkdir "$db"
certutil -N -d "$db" --empty-password
certutil -A -d "$db" -n root -t CT,C,C -i "$D/pub/root.pem"
certutil -A -d "$db" -n foreign -t CT,C,C -i "$D/foreign.pem"
certutil -A -d "$db" -n ca -t ,, -i "$D/pub/ca.pem"
for name in "${NAMES[@]}"; do
	openssl pkcs12 -export -in "$H/$name/sign.pem" -inkey "$H/$name/sign.key" -name "$name" \
		-passout pass: -out "$D/$name.p12"
	pk12util -d "$db" -i "$D/$name.p12" -W "" >>"$D/commands.log"
done
cp -r "$db" "$db-crl"
crlutil -I -d "$db-crl" -i "$D/pub/ca.crl"
ocsp=(-m ocsp -s failIfNoInfo)
crl=(-m crl -s failIfNoInfo)
nss_pkix() { # nss_pkix METHOD... NAME; it fetches answers and CRLs itself
	vfychain -d "$db" -pp -u 0 -g leaf -h requireFreshInfo "${@:1:$#-1}" \
		-a "$H/${*: -1}/auth.pem" "$(ca_of "${*: -1}")"
}
nss_classic() { certutil -V -d "$db-crl" -n "$1" -u S; }
row "NSS vfychain" OCSP "good revoked expired revoked revoked" nss_pkix "${ocsp[@]}"
row "NSS vfychain" CRL "good revoked expired good revoked" nss_pkix "${crl[@]}"
row "NSS vfychain" both "good revoked expired good revoked" \
	nss_pkix "${ocsp[@]}" "${crl[@]}"
row "NSS certutil -V" CRL "good revoked expired good good" nss_classic

# enableCRLDP: it fetches CRLs only when told to
java -XX:-UsePerfData -Dcom.sun.security.enableCRLDP=true tests/system/java/Revocation.java \
	"$D/trust.pem" "$D/pub/ca.pem" "${NAMES[@]/#/$H/}" >"$D/java" 2>>"$D/commands.log"
java_said() { grep "^$1 $H/$2 " "$D/java"; }
row "Java PKIX" OCSP "good revoked expired revoked unauthorized" java_said ocsp
row "Java PKIX" CRL "good revoked expired good unknown" java_said crl
# rule 76: it prefers OCSP, and turns to the CRL for the CA, which names no responder
row "Java PKIX" both "good revoked expired revoked unauthorized" java_said both

# It lets NSS ask: SHA-1, acceptable response types, GET with percent signs, HTTP/1.0.
for name in "${NAMES[@]}"; do
	run pdfsig tests/system/page.pdf "$D/$name.pdf" -add-signature -nssdir "$db" -nss-pwd "" \
		-nick "$name"
done
pdf() { pdfsig -nssdir "$@" | tail -n 1; }
pdf_ocsp() { pdf "$db" "$D/$1.pdf"; }
pdf_crl() { pdf "$db-crl" -no-ocsp "$D/$1.pdf"; }
pdf_both() { pdf "$db-crl" "$D/$1.pdf"; }
row "poppler pdfsig" OCSP "good revoked expired revoked unknown" pdf_ocsp
row "poppler pdfsig -no-ocsp" CRL "good revoked expired good good" pdf_crl
row "poppler pdfsig" both "good revoked expired revoked unknown" pdf_both

print_table
finish
