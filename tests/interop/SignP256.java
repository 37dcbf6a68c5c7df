import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.Signature;
import java.security.cert.Certificate;

/** SignP256 CONFIG PIN ALIAS MESSAGE SIGNATURE CERTIFICATE. */
final class SignP256 {
    private SignP256() {}

    public static void main(String[] a) throws Exception {
        Provider p = Security.getProvider("SunPKCS11").configure(a[0]);
        KeyStore ks = KeyStore.getInstance("PKCS11", p);
        ks.load(null, a[1].toCharArray());
        if (!ks.isKeyEntry(a[2])) {
            throw new IllegalStateException("no key entry " + a[2]);
        }
        PrivateKey key = (PrivateKey) ks.getKey(a[2], null);
        Certificate cert = ks.getCertificate(a[2]);
        byte[] msg = Files.readAllBytes(Path.of(a[3]));
        Signature s = Signature.getInstance("SHA256withECDSA", p);
        s.initSign(key);
        s.update(msg);
        Files.write(Path.of(a[4]), s.sign());
        Files.write(Path.of(a[5]), cert.getEncoded());
    }
}
