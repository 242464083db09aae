//! A server that runs for a test, and what a browser would ask it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Ended, command};

/// Far longer than anything here takes that ends at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The server of a folder.
pub(crate) struct Server {
    child: Option<Child>,
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    /// The path of the page, with slashes at both ends.
    pub(crate) path: String,
}

/// What a request gets.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Server {
    /// Starts it in a folder with these arguments, and waits until it listens.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Server {
        let mut command = command(folder, &[&["serve"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the built program");
        let mut address = String::new();
        let stdout = child.stdout.as_mut().expect("its output");
        BufReader::new(stdout).read_line(&mut address).expect("an address");
        let rest = address.trim().strip_prefix("http://").unwrap_or_default();
        let (host, path) = rest.split_once('/').expect("a token");
        Server { child: Some(child), host: host.to_string(), path: format!("/{path}") }
    }

    /// Sends a request as it stands.
    pub(crate) fn raw(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        let (headers, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = headers.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
        Answer { status, headers: headers.to_string(), body: body.to_string() }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream
    }

    /// The request of an order, as the page of the server sends it.
    pub(crate) fn request(&self, what: &str, order: &Value) -> String {
        let (Server { host, path, .. }, body) = (self, order.to_string());
        let length = body.len();
        format!(
            "POST {path}{what} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    }

    /// An order that is answered.
    pub(crate) fn order(&self, what: &str, order: &Value) -> Value {
        let answer = self.raw(&self.request(what, order));
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).expect("JSON")
    }

    /// Work of a tab, to its end.
    pub(crate) fn work(&self, tab: &str, work: &str, text: &str, subjects: &Value, name: &str) -> Value {
        let order = json!({ "tab": tab, "work": work, "text": text, "subjects": subjects, "name": name });
        let mut answer = self.order("work", &order);
        while answer.get("done").is_none() {
            answer = self.order("job", &json!({ "tab": tab, "job": answer["job"] }));
        }
        answer["done"].clone()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Ends it with a signal, which it must hear soon.
    pub(crate) fn end(mut self, signal: &str) -> Ended {
        let child = self.child.take().expect("it runs");
        let id = child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().expect("kill").success());
        let (sender, receiver) = channel();
        thread::spawn(move || sender.send(child.wait_with_output()));
        let output = receiver.recv_timeout(PATIENCE).expect("it ends").expect("its output");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let code = output.status.code().expect("it is not ended by the signal itself");
        Ended { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
