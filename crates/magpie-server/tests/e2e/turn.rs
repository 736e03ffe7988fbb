//! Debian's coturn takes the credentials that this server mints, and no others: a real TURN server
//! on loopback, asked for a relay address with messages that are written by hand (RFC 8656).

use std::{
    io::ErrorKind,
    net::{SocketAddr, UdpSocket},
    process::{Child, Command, Stdio},
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use tempfile::TempDir;

use crate::common::{Session, TestServer};

const SECRET: &str = "a-secret-shared-with-coturn-00000001";
const REALM: &str = "magpie.test";
const COOKIE: u32 = 0x2112_a442;
const ALLOCATE: u16 = 0x0003;
const ALLOCATED: u16 = 0x0103;
const REFUSED: u16 = 0x0113;
const USERNAME: u16 = 0x0006;
const INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const REALM_ATTRIBUTE: u16 = 0x0014;
const NONCE: u16 = 0x0015;
const RELAYED_ADDRESS: u16 = 0x0016;
const TRANSPORT: u16 = 0x0019;
const UDP: [u8; 4] = [17, 0, 0, 0];

/// coturn on a free loopback port; ended when dropped.
struct Coturn {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Coturn {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let path = |name: &str| folder.path().join(name).display().to_string();
        let child = Command::new("turnserver")
            .args(["-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"])
            .args(["--use-auth-secret", "--fingerprint", "--no-cli", "--no-tcp", "--no-tls"])
            .args(["--no-dtls", "--log-file=stdout", "--allow-loopback-peers", "--no-rfc5780"])
            .arg(format!("--static-auth-secret={SECRET}"))
            .arg(format!("--realm={REALM}"))
            .arg(format!("--listening-port={}", address.port()))
            .arg(format!("--userdb={}", path("users.sqlite")))
            .arg(format!("--pidfile={}", path("turnserver.pid")))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("turnserver: {e}; scripts/setup.sh test installs coturn"));
        Self { child, address, _folder: folder }
    }
}

impl Drop for Coturn {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A STUN message: its type and its attributes.
struct Message {
    kind: u16,
    attributes: Vec<(u16, Vec<u8>)>,
}

impl Message {
    fn get(&self, wanted: u16) -> Option<&[u8]> {
        let found = self.attributes.iter().find(|(kind, _)| *kind == wanted);
        found.map(|(_, value)| value.as_slice())
    }

    /// The error's number: class and rest.
    fn error(&self) -> Option<u16> {
        let code = self.get(ERROR_CODE)?;
        Some(u16::from(code[2] & 7) * 100 + u16::from(code[3]))
    }
}

fn put(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(kind.to_be_bytes());
    message.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
    set_length(message, 0);
}

fn set_length(message: &mut [u8], more: usize) {
    let length = u16::try_from(message.len() - 20 + more).unwrap();
    message[2..4].copy_from_slice(&length.to_be_bytes());
}

fn allocate(transaction: u8) -> Vec<u8> {
    let mut message = Vec::new();
    message.extend(ALLOCATE.to_be_bytes());
    message.extend(0_u16.to_be_bytes());
    message.extend(COOKIE.to_be_bytes());
    message.extend([transaction; 12]);
    put(&mut message, TRANSPORT, &UDP);
    message
}

/// Adds who asks, and the proof that he knows the password.
fn sign(message: &mut Vec<u8>, challenge: &Message, username: &str, password: &str) {
    put(message, USERNAME, username.as_bytes());
    put(message, REALM_ATTRIBUTE, challenge.get(REALM_ATTRIBUTE).unwrap());
    put(message, NONCE, challenge.get(NONCE).unwrap());
    let key = Md5::digest(format!("{username}:{REALM}:{password}"));
    // The proof covers a length that counts itself.
    set_length(message, 24);
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(message);
    let proof = mac.finalize().into_bytes();
    put(message, INTEGRITY, &proof);
}

fn parse(bytes: &[u8]) -> Message {
    let number = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let (mut at, mut attributes) = (20, Vec::new());
    while at + 4 <= bytes.len() {
        let (kind, len) = (number(at), usize::from(number(at + 2)));
        attributes.push((kind, bytes[at + 4..at + 4 + len].to_vec()));
        at += 4 + len.next_multiple_of(4);
    }
    Message { kind: number(0), attributes }
}

/// Sends until an answer to this very message comes: UDP, and a server that may still be starting.
fn ask(socket: &UdpSocket, server: SocketAddr, message: &[u8]) -> Message {
    let mut buffer = [0; 2_048];
    for _ in 0..120 {
        socket.send_to(message, server).unwrap();
        match socket.recv(&mut buffer) {
            Ok(len) if buffer[8..20] == message[8..20] => return parse(&buffer[..len]),
            Ok(_) => {}
            Err(error) => {
                let late =
                    [ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::ConnectionRefused];
                assert!(late.contains(&error.kind()), "{error}");
            }
        }
    }
    panic!("coturn gives no answer on {server}");
}

/// Asks for a relay address as a client does: first without a proof, then with one.
fn relay(server: SocketAddr, username: &str, password: &str) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let challenge = ask(&socket, server, &allocate(1));
    assert_eq!((challenge.kind, challenge.error()), (REFUSED, Some(401)));
    assert_eq!(challenge.get(REALM_ATTRIBUTE), Some(REALM.as_bytes()));
    let mut request = allocate(2);
    sign(&mut request, &challenge, username, password);
    ask(&socket, server, &request)
}

#[tokio::test]
async fn coturn_gives_a_relay_address_for_our_credentials_and_for_no_others() {
    let coturn = Coturn::start();
    let url = format!("turn:{}", coturn.address);
    let server = TestServer::with(&[("calls.turn_urls", &*url), ("calls.turn_secret", SECRET)]);
    let options = server.options("小明", "phone").await.features(&["calls"]);
    let client = Session::open(options).await.client;
    let answer = client.ice_servers().await.unwrap();
    let [turn] = &answer.ice[..] else { panic!("{answer:?}") };
    assert_eq!(turn.urls, [url]);
    let (username, password) = (turn.username.as_deref(), turn.credential.as_deref());
    let (username, password) = (username.unwrap(), password.unwrap());

    let given = relay(coturn.address, username, password);
    assert_eq!(given.kind, ALLOCATED, "{:?}", given.error());
    assert!(given.get(RELAYED_ADDRESS).is_some());

    let wrong = relay(coturn.address, username, "a guess");
    assert_eq!((wrong.kind, wrong.error()), (REFUSED, Some(401)));
    // Somebody else's name, or a later expiry, needs another password.
    let (expiry, _) = username.split_once(':').unwrap();
    let other = relay(coturn.address, &format!("{expiry}:翠花"), password);
    assert_eq!((other.kind, other.error()), (REFUSED, Some(401)));
}
