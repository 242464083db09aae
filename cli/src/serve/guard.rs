//! Who may ask the server, and the headers of each answer: no page of another site can ask for anything, or show what is answered.

use std::io::Cursor;

use anyhow::{Context as _, Result};
use tiny_http::{Header, Method, Request, Response, StatusCode};

/// An answer.
pub(super) type Answer = Response<Cursor<Vec<u8>>>;

/// The most bytes that a request may have.
pub(super) const MOST_BYTES: usize = 1 << 20;
/// Bytes of the token.
const TOKEN: usize = 16;

/// The address of the server, with the token that its user alone knows.
pub(super) struct Address {
    port: u16,
    token: String,
}

/// What is asked, of a request that may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The page.
    Page,
    /// This, with an order in the body.
    Order(String),
}

/// Why a request is not answered: the status and a sentence.
pub(super) type Refusal = (u16, &'static str);

/// What the guard looks at of a request.
struct Looked<'a> {
    is_get: bool,
    is_post: bool,
    url: &'a str,
    hosts: Vec<&'a str>,
    origin: Option<&'a str>,
    site: Option<&'a str>,
    sort: Option<&'a str>,
}

impl Address {
    /// This port, and a new token.
    pub(super) fn new(port: u16) -> Result<Address> {
        let mut token = [0; TOKEN];
        getrandom::fill(&mut token).context("the system gives no random bytes")?;
        Ok(Address { port, token: stalemap_report::hex(&token) })
    }

    /// What a user opens.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.token)
    }

    /// What a request asks for, if it may.
    pub(super) fn check(&self, request: &Request) -> Result<Asked, Refusal> {
        let is_local = request.remote_addr().is_some_and(|address| address.ip().is_loopback());
        if !is_local {
            return Err((403, "only this machine is answered"));
        }
        let all = |name: &'static str| -> Vec<&str> {
            request.headers().iter().filter(|it| it.field.equiv(name)).map(|it| it.value.as_str()).collect()
        };
        self.decide(&Looked {
            is_get: *request.method() == Method::Get,
            is_post: *request.method() == Method::Post,
            url: request.url(),
            hosts: all("Host"),
            origin: all("Origin").first().copied(),
            site: all("Sec-Fetch-Site").first().copied(),
            sort: all("Content-Type").first().copied(),
        })
    }

    fn decide(&self, looked: &Looked<'_>) -> Result<Asked, Refusal> {
        // A name of another site that leads to this machine is not ours.
        let ours = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", self.port));
        let [host] = looked.hosts[..] else { return Err((400, "a request names one host")) };
        if !ours.iter().any(|it| it == host) {
            return Err((421, "this server has another name"));
        }
        let Some(path) = self.behind_token(looked.url) else { return Err((404, "there is nothing here")) };
        let is_ours = |origin: &str| origin.strip_prefix("http://").is_some_and(|it| it == host);
        if looked.origin.is_some_and(|origin| !is_ours(origin)) {
            return Err((403, "a page of another site may not ask"));
        }
        if looked.site.is_some_and(|site| site != "same-origin" && site != "none") {
            return Err((403, "a page of another site may not ask"));
        }
        match path {
            "" if looked.is_get => Ok(Asked::Page),
            "" => Err((405, "the page is asked for by GET")),
            _ if !looked.is_post => Err((405, "orders are sent by POST")),
            _ if looked.origin.is_none() => Err((403, "an order names its origin")),
            _ if looked.sort != Some("application/json") => Err((415, "an order is application/json")),
            _ => Ok(Asked::Order(path.to_string())),
        }
    }

    /// The path behind the token; none where that is not ours. It takes as long for each wrong token.
    fn behind_token<'a>(&self, url: &'a str) -> Option<&'a str> {
        let (token, path) = url.strip_prefix('/')?.split_once('/')?;
        let differences = token.bytes().zip(self.token.bytes()).fold(0, |all, (one, other)| all | (one ^ other));
        (token.len() == self.token.len() && differences == 0).then_some(path)
    }
}

/// Headers of each answer: it is shown in no frame, kept in no cache, and read by no page of another site; the address is sent nowhere.
const HEADERS: [(&str, &str); 6] = [
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
];
/// What the page may load and ask for.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// An answer with this status, of this sort.
pub(super) fn answer(status: u16, sort: &str, body: String) -> Answer {
    let header = |name: &str, value: &str| Header::from_bytes(name, value).expect("letters");
    let answer = Response::from_data(body.into_bytes()).with_status_code(StatusCode(status));
    // Its length is known, and so is said.
    let mut answer = answer.with_chunked_threshold(usize::MAX);
    for (name, value) in HEADERS.into_iter().chain([("Content-Type", sort), ("Content-Security-Policy", POLICY)]) {
        answer.add_header(header(name, value));
    }
    answer
}

/// An answer that says why there is none.
pub(super) fn refused((status, sentence): Refusal) -> Answer {
    answer(status, "text/plain; charset=utf-8", format!("{sentence}\n"))
}

/// What more requests get than are answered at the same time.
pub(super) fn busy() -> Answer {
    refused((503, "too many requests at the same time"))
}

#[cfg(test)]
mod tests {
    use super::{Address, Asked, Looked};

    const TOKEN: &str = "00112233445566778899aabbccddeeff";

    fn address() -> Address {
        Address { port: 8017, token: TOKEN.to_string() }
    }

    fn get(url: &str) -> Looked<'_> {
        let hosts = vec!["127.0.0.1:8017"];
        Looked { is_get: true, is_post: false, url, hosts, origin: None, site: None, sort: None }
    }

    fn post(url: &str) -> Looked<'_> {
        let (origin, sort) = (Some("http://127.0.0.1:8017"), Some("application/json"));
        Looked { is_get: false, is_post: true, origin, sort, ..get(url) }
    }

    #[test]
    fn the_page_and_orders_are_answered_to_who_has_the_token() {
        let page = format!("/{TOKEN}/");
        let order = format!("/{TOKEN}/run");
        assert_eq!(address().decide(&get(&page)), Ok(Asked::Page));
        assert_eq!(address().decide(&post(&order)), Ok(Asked::Order("run".to_string())));
        let (hosts, origin) = (vec!["localhost:8017"], Some("http://localhost:8017"));
        let local = Looked { hosts, origin, site: Some("same-origin"), ..post(&order) };
        assert_eq!(address().decide(&local), Ok(Asked::Order("run".to_string())));
        for wrong in [
            "/",
            "",
            "/run",
            &format!("/{}/", &TOKEN[1..]),
            &format!("/{TOKEN}"),
            &format!("/{TOKEN}x/"),
            &format!("//{TOKEN}/"),
        ] {
            assert_eq!(address().decide(&get(wrong)).map_err(|it| it.0), Err(404), "{wrong}");
        }
    }

    #[test]
    fn a_page_of_another_site_gets_nothing_even_with_the_token() {
        let (page, order) = (format!("/{TOKEN}/"), format!("/{TOKEN}/run"));
        let status = |looked: Looked<'_>| address().decide(&looked).map_err(|it| it.0);
        for host in ["evil.example:8017", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:8017.evil.example", ""] {
            assert_eq!(status(Looked { hosts: vec![host], ..get(&page) }), Err(421), "{host}");
        }
        assert_eq!(status(Looked { hosts: vec![], ..get(&page) }), Err(400));
        assert_eq!(status(Looked { hosts: vec!["127.0.0.1:8017", "evil.example"], ..get(&page) }), Err(400));
        for origin in
            ["http://evil.example", "null", "https://127.0.0.1:8017", "http://127.0.0.1:8018", "http://localhost:8017"]
        {
            assert_eq!(status(Looked { origin: Some(origin), ..post(&order) }), Err(403), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert_eq!(status(Looked { site: Some(site), ..get(&page) }), Err(403), "{site}");
        }
        assert_eq!(status(Looked { origin: None, ..post(&order) }), Err(403), "a form of an old browser");
        for sort in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data")] {
            assert_eq!(status(Looked { sort, ..post(&order) }), Err(415), "{sort:?}");
        }
        assert_eq!(status(get(&order)), Err(405), "an image or a link");
        assert_eq!(status(post(&page)), Err(405));
    }

    #[test]
    fn each_server_has_a_token_of_its_own() {
        let tokens = [0, 1].map(|_| Address::new(1).expect("random bytes").token);
        assert!(tokens[0] != tokens[1] && tokens.iter().all(|token| token.len() == 32), "{tokens:?}");
    }
}
