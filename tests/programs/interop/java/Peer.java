// A peer that uses Java's JSSE with a limit on its keys. It sends or receives, never both.
//
//	java Peer.java server - KEY_LIMIT LEN send|receive cert.pem key.pem
//	java Peer.java client PORT KEY_LIMIT LEN send|receive cert.pem -
//
// The last line it prints is the SHA-256 of what it sent or received.
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

public class Peer {
    public static void main(String[] args) throws Exception {
        // JSSE reads this when it creates the first cipher.
        Security.setProperty("jdk.tls.keyLimits", "AES/GCM/NoPadding KeyUpdate " + args[2]);
        long len = Long.parseLong(args[3]);
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (SSLSocket socket = args[0].equals("server") ? accept(args[5], args[6]) : connect(args[1], args[5])) {
            socket.startHandshake();
            if (args[4].equals("send")) {
                send(socket, len, digest);
            } else {
                receive(socket, len, digest);
            }
        }
        System.out.println(HexFormat.of().formatHex(digest.digest()));
    }

    private static void send(SSLSocket socket, long len, MessageDigest digest) throws Exception {
        byte[] data = new byte[1 << 16];
        new Random(1).nextBytes(data);
        OutputStream out = socket.getOutputStream();
        for (long sent = 0; sent < len; sent += data.length) {
            data[0]++;
            int n = (int) Math.min(data.length, len - sent);
            out.write(data, 0, n);
            digest.update(data, 0, n);
        }
        socket.shutdownOutput();
        if (socket.getInputStream().read() != -1) {
            throw new IllegalStateException("data where there should be none");
        }
    }

    private static void receive(SSLSocket socket, long len, MessageDigest digest) throws Exception {
        byte[] data = new byte[1 << 16];
        InputStream in = socket.getInputStream();
        int n;
        for (long left = len; left > 0; left -= n) {
            n = in.read(data, 0, (int) Math.min(data.length, left));
            if (n == -1) {
                throw new IllegalStateException(left + " bytes too few");
            }
            digest.update(data, 0, n);
        }
    }

    private static SSLSocket connect(String port, String certificate) throws Exception {
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        KeyStore store = emptyStore();
        store.setCertificateEntry("peer", certificate(certificate));
        trust.init(store);
        SSLContext context = context(null, trust.getTrustManagers());
        InetAddress address = InetAddress.getLoopbackAddress();
        return (SSLSocket) context.getSocketFactory().createSocket(address, Integer.parseInt(port));
    }

    private static SSLSocket accept(String certificate, String key) throws Exception {
        String pem = Files.readString(Path.of(key)).replaceAll("-----.*-----|\\s", "");
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem));
        KeyStore store = emptyStore();
        Certificate[] chain = {certificate(certificate)};
        store.setKeyEntry("ours", KeyFactory.getInstance("EC").generatePrivate(spec), new char[0], chain);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, new char[0]);
        SSLContext context = context(keys.getKeyManagers(), null);
        InetAddress address = InetAddress.getLoopbackAddress();
        try (SSLServerSocket listener =
                (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 1, address)) {
            System.out.println(listener.getLocalPort());
            return (SSLSocket) listener.accept();
        }
    }

    private static SSLContext context(KeyManager[] keys, TrustManager[] trust) throws Exception {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(keys, trust, null);
        return context;
    }

    private static KeyStore emptyStore() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static Certificate certificate(String path) throws Exception {
        try (InputStream in = new FileInputStream(path)) {
            return CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}
