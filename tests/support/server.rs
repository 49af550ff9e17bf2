//! A small HTTP server on loopback, for tests: it answers as the test says, also as no good server would, and remembers
//! what it was asked.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// An address of this machine that is not loopback, as a server elsewhere has one; `None`, with a word, if it has none.
pub fn far_address() -> Option<IpAddr> {
    // Nothing is sent: this asks only which way it would go.
    let way = || {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.connect("198.51.100.1:9")?;
        io::Result::Ok(socket.local_addr()?.ip())
    };
    let found = way().ok().filter(|found| !found.is_loopback() && !found.is_unspecified());
    if found.is_none() {
        eprintln!("skipped: this machine has no address but loopback");
    }
    found
}

/// What a client asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// With the query; whole addresses, if a proxy is asked.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

#[derive(Clone, Debug)]
pub enum Body {
    Whole(Vec<u8>),
    /// So many times the same, in chunks: nobody is told how much it is.
    Repeated(Vec<u8>, usize),
    /// So many bytes are promised, these are sent, and then the line is cut.
    Cut(Vec<u8>, u64),
    /// A byte at a time.
    Dripping(Vec<u8>, Duration),
    /// What a proxy is asked for by `CONNECT`: what comes is handed on to another server.
    Tunnel(SocketAddr),
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply { status, headers: Vec::new(), body: Body::Whole(body.into()) }
    }

    pub fn ok(body: impl Into<Vec<u8>>) -> Reply {
        Reply::new(200, body)
    }

    pub fn of(body: Body) -> Reply {
        Reply { status: 200, headers: Vec::new(), body }
    }

    pub fn missing() -> Reply {
        Reply::new(404, "there is nothing here")
    }

    /// Leads to another address.
    pub fn to(location: impl Into<String>) -> Reply {
        Reply::new(302, "").with("Location", location)
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Reply {
        self.headers.push((name.to_string(), value.into()));
        self
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server; it ends when it is dropped.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    log: Arc<Mutex<Vec<Request>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        Server::run(IpAddr::V4(Ipv4Addr::LOCALHOST), None, handler)
    }

    pub fn start_at(address: IpAddr, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        Server::run(address, None, handler)
    }

    pub fn start_tls(
        config: Arc<ServerConfig>,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Server {
        Server::run(IpAddr::V4(Ipv4Addr::LOCALHOST), Some(config), handler)
    }

    fn run(
        address: IpAddr,
        tls: Option<Arc<ServerConfig>>,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let log = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (shared, over) = (log.clone(), is_over.clone());
        let handler: Arc<Handler> = Arc::new(handler);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (log, handler, tls) = (shared.clone(), handler.clone(), tls.clone());
                // A client that goes away, or that refuses the certificate, is no fault of the server's.
                thread::spawn(move || serve(stream, tls, &log, &*handler));
            }
        });
        Server { address, scheme, log, is_over, thread: Some(thread) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address of something here.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The same server by its other name, which is another origin.
    pub fn url_by_name(&self, path: &str) -> String {
        format!("{}://localhost:{}{path}", self.scheme, self.port())
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }

    /// The requests for a path.
    pub fn asked(&self, path: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path == path).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    log: &Mutex<Vec<Request>>,
    handler: &Handler,
) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_write_timeout(Some(Duration::from_secs(60)))?;
    let raw = stream.try_clone()?;
    match tls {
        None => answer(&mut &stream, &raw, log, handler)?,
        Some(config) => {
            let connection = ServerConnection::new(config).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(connection, stream);
            answer(&mut stream, &raw, log, handler)?;
            stream.conn.send_close_notify();
            stream.flush()?;
        }
    }
    raw.shutdown(Shutdown::Both)
}

fn answer(
    stream: &mut dyn Stream,
    raw: &TcpStream,
    log: &Mutex<Vec<Request>>,
    handler: &Handler,
) -> io::Result<()> {
    let Some(request) = read(&mut *stream)? else { return Ok(()) };
    log.lock().unwrap().push(request.clone());
    let reply = handler(&request);
    if let Body::Tunnel(to) = &reply.body {
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        return tunnel(raw, *to);
    }
    let mut head = format!("HTTP/1.1 {} Some words\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&match &reply.body {
        Body::Whole(_) if matches!(reply.status, 204 | 304) => "\r\n".to_string(),
        Body::Whole(data) | Body::Dripping(data, _) => format!("Content-Length: {}\r\n\r\n", data.len()),
        Body::Cut(_, promised) => format!("Content-Length: {promised}\r\n\r\n"),
        Body::Repeated(..) | Body::Tunnel(_) => "Transfer-Encoding: chunked\r\n\r\n".to_string(),
    });
    stream.write_all(head.as_bytes())?;
    if request.method == "HEAD" {
        return stream.flush();
    }
    match &reply.body {
        Body::Whole(data) | Body::Cut(data, _) => stream.write_all(data)?,
        Body::Repeated(piece, times) => {
            for _ in 0..*times {
                write!(stream, "{:x}\r\n", piece.len())?;
                stream.write_all(piece)?;
                stream.write_all(b"\r\n")?;
            }
            stream.write_all(b"0\r\n\r\n")?;
        }
        Body::Dripping(data, time) => {
            for byte in data {
                stream.write_all(&[*byte])?;
                stream.flush()?;
                thread::sleep(*time);
            }
        }
        Body::Tunnel(_) => {}
    }
    stream.flush()
}

/// Reads a request; none if the client hangs up.
fn read(stream: &mut dyn Stream) -> io::Result<Option<Request>> {
    let mut reader = BufReader::with_capacity(1, stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let mut request =
        Request { method: method.into(), path: path.into(), headers: Vec::new(), body: Vec::new() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        request.headers.push((name.to_string(), value.trim().to_string()));
    }
    if request.header("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk)?;
            request.body.extend_from_slice(&chunk[..length]);
            if length == 0 {
                break;
            }
        }
    } else if let Some(length) = request.header("Content-Length").and_then(|value| value.parse().ok()) {
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        request.body = body;
    }
    Ok(Some(request))
}

fn tunnel(client: &TcpStream, to: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(to)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let there = thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (mut from_server, mut to_client) = (server, client.try_clone()?);
    let _ = io::copy(&mut from_server, &mut to_client);
    let _ = to_client.shutdown(Shutdown::Both);
    let _ = there.join();
    Ok(())
}
