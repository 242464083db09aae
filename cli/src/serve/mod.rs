//! `stalemap serve`: the page of a folder from a small local server, with an editor that runs a changed trace at once.

mod folder;
mod guard;
mod jobs;
mod orders;
mod routes;
mod subjects;
mod work;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use stalemap_commands::interrupt::interrupted;
use stalemap_commands::{Ending, output};
use tiny_http::{Request, Server};

use crate::catalogue::{Line, SubjectName};
use folder::Folder;
use guard::Address;
use jobs::Jobs;
use routes::Routes;
use subjects::Offered;

/// Serve the page of a folder on this machine, with an editor whose trace is run again at once
#[derive(Debug, Args)]
#[command(after_help = "\
Open the address that it prints in a browser of this machine. The page shows what the folder holds, a running campaign live, and each \
trace in an editor: what is changed is run at once on the subjects that are chosen, such as the implementation with a seeded bug, a \
library, or a kernel that is built. The trace can be minimised and kept in the folder.

The server listens on 127.0.0.1 only and answers only requests with the token of that address. It reads traces and campaigns of \
the folder and nothing else, and writes into it nothing but the traces that are kept. The first Ctrl-C ends it, with 0.

Examples:
  stalemap serve
  stalemap serve corpus/bugs
  stalemap serve findings --subject ./libmine.so
  stalemap serve findings --subject target/release/mine
  stalemap serve findings --subject linux-6.12-native --port 8017")]
pub(crate) struct ServeArguments {
    /// A folder of findings or of traces
    #[arg(value_name = "FOLDER", default_value = "findings")]
    folder: PathBuf,
    /// A subject that is driven from the start: linux-6.12-native and others, or the path of a shared library that is built with
    /// stalemap.h or of a program with `stalemap::main`. It may be given several times; without it the implementation is
    #[arg(long = "subject", value_name = "SUBJECT", value_parser = SubjectName::parse)]
    subjects: Vec<SubjectName>,
    /// The port; one that is free where none is given
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
}

/// How often the server looks for an interruption.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// How long work may take to end after an interruption.
const PATIENCE: Duration = Duration::from_secs(3);
/// Requests that are answered at the same time.
const MOST_REQUESTS: usize = 64;

pub(crate) fn serve(line: &Line, arguments: &ServeArguments) -> Result<Ending> {
    let folder = Folder::open(&arguments.folder)?;
    let listener = listen(arguments.port)?;
    let port = listener.local_addr().context("the system does not say the port")?.port();
    let address = Address::new(port)?;
    let server = Server::from_listener(listener, None).map_err(|error| anyhow!("the server cannot begin: {error}"))?;
    if !arguments.folder.is_dir() {
        output::tell(format_args!("{} is not there yet; it is made when a trace is kept", arguments.folder.display()));
    }
    let offered = Offered::new(line, &arguments.subjects)?;
    output::print_line(address.url())?;
    output::flush()?;
    output::tell("open this address in a browser of this machine; Ctrl-C ends the server");
    let jobs = Arc::new(Jobs::default());
    let routes =
        Arc::new(Routes { address, folder: Arc::new(folder), offered: Arc::new(offered), jobs: Arc::clone(&jobs) });
    answer_all(&server, &routes)?;
    jobs.end_all(PATIENCE);
    Ok(Ending::Agree)
}

/// Listens on this machine alone.
fn listen(port: u16) -> Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {port} is in use: give another one by --port, or none and one that is free is taken")
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on port {port} of 127.0.0.1")),
    }
}

/// Answers until the user interrupts, each request on a thread of its own: one may wait for work that takes long.
fn answer_all(server: &Server, routes: &Arc<Routes>) -> Result<()> {
    let running = Arc::new(AtomicUsize::new(0));
    while !interrupted() {
        let Some(request) = server.recv_timeout(BETWEEN_LOOKS).context("the server cannot go on")? else { continue };
        if running.fetch_add(1, Ordering::SeqCst) >= MOST_REQUESTS {
            running.fetch_sub(1, Ordering::SeqCst);
            send(request, guard::busy());
            continue;
        }
        let (routes, running) = (Arc::clone(routes), Arc::clone(&running));
        thread::spawn(move || {
            let mut request = request;
            let answer = routes.answer(&mut request);
            send(request, answer);
            running.fetch_sub(1, Ordering::SeqCst);
        });
    }
    Ok(())
}

fn send(request: Request, answer: guard::Answer) {
    // The reader may have closed the tab.
    let _ = request.respond(answer);
}
