//! Which answer each request gets.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stalemap_linux::SELFTEST;
use stalemap_operations::Trace;
use stalemap_page::{Campaigns, Contents, Editor, document};
use tiny_http::Request;

use super::folder::Folder;
use super::guard::{Address, Answer, Asked, MOST_BYTES, Refusal, answer, refused};
use super::jobs::Jobs;
use super::orders::{FolderOrder, JobOrder, StopOrder, TraceOrder, WorkOrder};
use super::subjects::Offered;
use super::work::work;
use crate::catalogue::named_in;

/// What the server answers with.
pub(super) struct Routes {
    pub(super) address: Address,
    pub(super) folder: Arc<Folder>,
    pub(super) offered: Arc<Offered>,
    pub(super) jobs: Arc<Jobs>,
}

impl Routes {
    /// The answer to a request.
    pub(super) fn answer(&self, request: &mut Request) -> Answer {
        let answered = match self.address.check(request) {
            Ok(Asked::Page) => return self.page(),
            Ok(Asked::Order(path)) => body(request).and_then(|text| self.order(&path, &text)),
            Err(refusal) => Err(refusal),
        };
        match answered {
            Ok(value) => answer(200, "application/json", value.to_string()),
            Err(refusal) => refused(refusal),
        }
    }

    fn order(&self, path: &str, text: &str) -> Result<Value, Refusal> {
        match path {
            "work" => {
                let order: WorkOrder = parsed(text)?;
                let (folder, offered) = (Arc::clone(&self.folder), Arc::clone(&self.offered));
                let tab = order.tab.clone();
                let job = self.jobs.begin(&tab, move |job| work(&order, &folder, &offered, job));
                let job = job.ok_or((503, "too many traces are run at the same time; wait for one of them"))?;
                self.jobs.wait(&tab, job).ok_or(GONE)
            }
            "job" => {
                let JobOrder { tab, job } = parsed(text)?;
                self.jobs.wait(&tab, job).ok_or(GONE)
            }
            "stop" => {
                let StopOrder { tab } = parsed(text)?;
                self.jobs.stop(&tab);
                Ok(json!({}))
            }
            "trace" => {
                let TraceOrder { name } = parsed(text)?;
                Ok(self.trace(&name))
            }
            "folder" => {
                let FolderOrder { stamp } = parsed(text)?;
                Ok(self.what_is_there(&stamp))
            }
            _ => Err((404, "there is nothing here")),
        }
    }

    /// A trace of the folder, without the answers that are written in it: the editor's are those of the sides.
    fn trace(&self, name: &str) -> Value {
        match self.folder.read(name) {
            Ok(input) => {
                let title: String = input.trace.title.iter().map(|line| format!("{line}\n")).collect();
                let text = title + &Trace::from(input.trace.program()).to_string();
                let named = named_in(&input.trace.title);
                json!({ "text": text, "subject": named.as_ref().map(|it| &it.subject), "fault": named.as_ref().map(|it| &it.fault) })
            }
            Err(error) => json!({ "error": format!("{error:#}") }),
        }
    }

    /// What the folder holds, unless the page knows it.
    fn what_is_there(&self, stamp: &str) -> Value {
        let (campaigns, trouble) = self.campaigns();
        let content = json!({ "traces": self.folder.traces(), "campaigns": campaigns, "trouble": trouble });
        let mut hasher = DefaultHasher::new();
        content.to_string().hash(&mut hasher);
        let now = format!("{:016x}", hasher.finish());
        if now == stamp { json!({ "stamp": now }) } else { json!({ "stamp": now, "content": content }) }
    }

    fn campaigns(&self) -> (Option<Campaigns>, Option<String>) {
        match self.folder.campaigns() {
            Ok(campaigns) => (campaigns, None),
            Err(error) => (None, Some(format!("{error:#}"))),
        }
    }

    fn page(&self) -> Answer {
        let (campaigns, _) = self.campaigns();
        let editor = Editor { folder: self.folder.name(), subjects: self.offered.offers() };
        let contents = Contents {
            title: &editor.folder,
            campaigns: campaigns.as_ref(),
            editor: Some(&editor),
            sections: &[],
            left_out: &[],
            shared_c: SELFTEST,
            version: env!("CARGO_PKG_VERSION"),
        };
        match document(&contents) {
            Ok((page, _)) => answer(200, "text/html; charset=utf-8", page),
            Err(error) => answer(500, "text/plain; charset=utf-8", format!("{error}\n")),
        }
    }
}

/// What a tab gets that asks for work which has ended or was never begun.
const GONE: Refusal = (410, "there is no such work any more");

/// The body of a request.
fn body(request: &mut Request) -> Result<String, Refusal> {
    if request.body_length().is_some_and(|length| length > MOST_BYTES) {
        return Err((413, "an order has at most 1 MB"));
    }
    let mut bytes = Vec::new();
    let read = request.as_reader().take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes);
    match read {
        Ok(length) if length > MOST_BYTES => Err((413, "an order has at most 1 MB")),
        Ok(_) => String::from_utf8(bytes).map_err(|_| (400, "an order is text")),
        Err(_) => Err((400, "the order ends too early")),
    }
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|_| (400, "this is no order"))
}
