import java.io.FileInputStream;
import java.security.cert.*;
import java.security.cert.PKIXRevocationChecker.Option;
import java.util.*;

/** Revocation TRUST ISSUERS HOLDER...: what Java's PKIX validator makes of each HOLDER/auth.pem,
    a line each: WAY HOLDER WORDS. */
class Revocation {
	/** The CA's own certificate names no responder: OCSP alone is about the holder's. */
	static final Map<String, Set<Option>> WAYS = Map.of(
		"ocsp", EnumSet.of(Option.NO_FALLBACK, Option.ONLY_END_ENTITY),
		"crl", EnumSet.of(Option.NO_FALLBACK, Option.PREFER_CRLS),
		"both", EnumSet.noneOf(Option.class));
	final CertificateFactory x509 = CertificateFactory.getInstance("X.509");
	final Set<TrustAnchor> anchors = new HashSet<>();
	final List<X509Certificate> issuers;

	Revocation(String trust, String issuers) throws Exception {
		for (X509Certificate cert : read(trust))
			anchors.add(new TrustAnchor(cert, null));
		this.issuers = read(issuers);
	}

	List<X509Certificate> read(String file) throws Exception {
		List<X509Certificate> certs = new ArrayList<>();
		try (var in = new FileInputStream(file)) {
			for (Certificate cert : x509.generateCertificates(in))
				certs.add((X509Certificate) cert);
		}
		return certs;
	}

	CertPath path(X509Certificate cert) throws Exception {
		List<X509Certificate> path = new ArrayList<>(List.of(cert));
		for (X509Certificate issuer : issuers)
			if (issuer.getSubjectX500Principal().equals(cert.getIssuerX500Principal()))
				path.add(issuer);
		return x509.generateCertPath(path);
	}

	String verdict(String holder, Set<Option> options) throws Exception {
		CertPathValidator validator = CertPathValidator.getInstance("PKIX");
		var checker = (PKIXRevocationChecker) validator.getRevocationChecker();
		checker.setOptions(options);
		PKIXParameters params = new PKIXParameters(anchors);
		params.addCertPathChecker(checker);
		try {
			validator.validate(path(read(holder + "/auth.pem").get(0)), params);
			return "good";
		} catch (CertPathValidatorException e) {
			return e.getReason() + " " + e.getMessage();
		}
	}

	public static void main(String[] args) throws Exception {
		var relyingParty = new Revocation(args[0], args[1]);
		for (var way : WAYS.entrySet())
			for (String holder : List.of(args).subList(2, args.length))
				System.out.println(way.getKey() + " " + holder + " "
					+ relyingParty.verdict(holder, way.getValue()));
	}
}
