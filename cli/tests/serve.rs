//! The server through the built program: who is answered, what is run and kept, and what happens when a tab or a subject goes wrong.

#![cfg(unix)]

mod program;
mod server;
mod signals;

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use program::{in_folder, stalemap};
use serde_json::{Value, json};
use server::{PATIENCE, Server};
use signals::signals;

const AGREES: &str = "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\nread s0 v0\n";

fn implementation() -> Value {
    json!([{ "name": "implementation", "variant": null }])
}

#[test]
fn the_page_is_answered_to_who_has_the_token_and_to_nobody_else() {
    in_folder(|folder| {
        fs::create_dir(folder.join("traces")).expect("a folder");
        let server = Server::start(folder, &["traces"]);
        let (host, path) = (&server.host, &server.path);
        let get = |path: &str, headers: &str| {
            server.raw(&format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"))
        };
        let ours = format!("Host: {host}\r\n");
        let page = get(path, &ours);
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("<textarea id=\"text\""), "the page has the editor");
        for header in
            ["Cache-Control: no-store", "X-Frame-Options: DENY", "Referrer-Policy: no-referrer", "connect-src 'self'"]
        {
            assert!(page.headers.contains(header), "{}", page.headers);
        }
        assert!(!page.headers.contains("Access-Control"), "{}", page.headers);
        assert_eq!(get("/", &ours).status, 404);
        assert_eq!(get("/00000000000000000000000000000000/", &ours).status, 404);
        assert_eq!(get(path, "Host: evil.example\r\n").status, 421);
        assert_eq!(get(path, &format!("{ours}Origin: http://evil.example\r\n")).status, 403);
        assert_eq!(get(&format!("{path}../Cargo.toml"), &ours).status, 405);
        let order = server.request("folder", &json!({ "stamp": "" }));
        assert_eq!(server.raw(&order).status, 200);
        assert_eq!(
            server.raw(&order.replace(&format!("Origin: http://{host}"), "Origin: http://evil.example")).status,
            403
        );
        assert_eq!(server.raw(&order.replace("application/json", "text/plain")).status, 415);
        assert_eq!(server.raw(&order.replace("stamp", "stamps")).status, 400);
        assert_eq!(server.raw(&order.replace("/folder ", "/nothing ")).status, 404);
        let long = server.request("folder", &json!({ "stamp": "x".repeat(1 << 20) }));
        assert_eq!(server.raw(&long).status, 413);
    });
}

#[test]
fn the_server_listens_on_this_machine_alone() {
    in_folder(|folder| {
        let server = Server::start(folder, &[]);
        let port: u16 = server.host.rsplit(':').next().and_then(|it| it.parse().ok()).expect("a port");
        // Where it listened on all addresses, this one would be taken too.
        TcpListener::bind(("127.0.0.2", port)).expect("the address is free");
    });
}

#[test]
fn a_port_in_use_is_told_and_a_given_one_is_taken() {
    in_folder(|folder| {
        let first = Server::start(folder, &[]);
        let port = first.host.rsplit(':').next().expect("a port").to_string();
        let second = stalemap(folder, &["serve", "--port", &port]);
        assert_eq!(second.code, 2, "{}", second.stdout);
        assert!(
            second.stderr.contains(&format!("port {port} is in use: give another one by --port")),
            "{}",
            second.stderr
        );
        assert_eq!(first.end("INT").code, 0);
        let again = Server::start(folder, &["--port", &port]);
        assert!(again.host.ends_with(&format!(":{port}")));
    });
}

#[test]
fn a_trace_is_run_and_a_wrong_one_is_told_with_its_place() {
    in_folder(|folder| {
        let server = Server::start(folder, &[]);
        let done = server.work("a", "run", AGREES, &implementation(), "");
        let section = &done["section"];
        assert_eq!(
            (&section["first"], &section["sides"][1]["name"]),
            (&Value::Null, &json!("implementation")),
            "{done}"
        );
        assert_eq!(section["operations"][1]["answers"], json!(["ok value=#00", "ok value=#00"]));
        assert_eq!(section["copies"]["command"], "stalemap run edited.trace");
        let wrong = server.work("a", "run", &AGREES.replace("read", "reed"), &implementation(), "");
        assert_eq!((&wrong["line"], &wrong["column"]), (&json!(3), &json!(1)), "{wrong}");
        for (text, subjects, says) in [
            (AGREES, json!([]), "choose a subject"),
            (AGREES, json!([{ "name": "/etc/passwd", "variant": null }]), "there is no subject /etc/passwd here"),
            (AGREES, json!([{ "name": "implementation", "variant": "no_such_bug" }]), "seeded bug"),
        ] {
            let done = server.work("a", "run", text, &subjects, "");
            assert!(done["error"].as_str().is_some_and(|it| it.contains(says)), "{done}");
        }
        let done = server.work("a", "minimise", AGREES, &implementation(), "");
        assert_eq!(done["error"], "all sides agree: there is nothing to shorten");
    });
}

#[test]
fn a_trace_is_kept_in_the_folder_and_nothing_outside_it_is_read_or_written() {
    in_folder(|folder| {
        fs::write(folder.join("outside.trace"), AGREES).expect("a file");
        let server = Server::start(folder, &["traces"]);
        let keep = |name: &str| server.work("a", "keep", AGREES, &implementation(), name);
        assert_eq!(keep("mine"), json!({ "kept": "mine.trace" }));
        let kept = fs::read_to_string(folder.join("traces/mine.trace")).expect("the trace");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&kept), words(AGREES).replace("rw", "rw = ok") + " = ok value=#00");
        for name in ["mine", "../other", "/tmp/other", ".hidden", ""] {
            assert!(keep(name)["error"].is_string(), "{name}");
        }
        let read = server.order("trace", &json!({ "name": "mine.trace" }));
        assert_eq!(words(read["text"].as_str().unwrap_or_default()), words(AGREES), "without answers");
        for name in ["../outside.trace", "/etc/passwd", "mine.trace/../../outside.trace"] {
            assert!(server.order("trace", &json!({ "name": name }))["error"].is_string(), "{name}");
        }
        let there = server.order("folder", &json!({ "stamp": "" }));
        assert_eq!(there["content"]["traces"], json!(["mine.trace"]));
        let same = server.order("folder", &json!({ "stamp": there["stamp"] }));
        assert_eq!(same, json!({ "stamp": there["stamp"] }), "nothing has changed");
    });
}

#[test]
fn a_campaign_that_runs_is_seen() {
    in_folder(|folder| {
        let server = Server::start(folder, &["findings"]);
        let executions = |stamp: &str| {
            let there = server.order("folder", &json!({ "stamp": stamp }));
            (
                there["stamp"].as_str().unwrap_or_default().to_string(),
                there["content"]["campaigns"]["folders"][0]["executions"].as_u64(),
            )
        };
        assert_eq!(executions("").1, None);
        let mut campaign = program::command(folder, &["fuzz", "--seed", "1", "--seconds", "600"]);
        campaign.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut campaign = campaign.spawn().expect("the built program");
        let (start, mut seen) = (Instant::now(), Vec::new());
        while seen.len() < 3 && start.elapsed() < PATIENCE {
            if let Some(count) = executions("").1.filter(|count| seen.last() != Some(count)) {
                seen.push(count);
            }
            sleep(Duration::from_millis(50));
        }
        campaign.kill().expect("it runs");
        campaign.wait().expect("it ends");
        assert!(seen.len() == 3 && seen.is_sorted(), "{seen:?}");
    });
}

/// Compiles the library whose `map` does not end.
fn endless_library(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut compile = Command::new("cc");
    compile.args(["-std=gnu11", "-O0", "-shared", "-fPIC", "-DBAD=MAP_LOOPS", "-I"]).arg(root.join("c/include"));
    compile.arg("-o").arg(folder.join("libendless.so")).arg(root.join("cli/tests/c_subjects/bad.c"));
    assert!(compile.status().expect("Rust links with cc").success());
}

#[test]
fn a_subject_that_does_not_end_is_a_finding_and_the_server_goes_on() {
    in_folder(|folder| {
        endless_library(folder);
        let server = Server::start(folder, &["--subject", "./libendless.so"]);
        let subjects =
            json!([{ "name": "./libendless.so", "variant": null }, { "name": "implementation", "variant": null }]);
        let done = server.work("a", "run", AGREES, &subjects, "");
        let section = &done["section"];
        assert!(section["signature"].as_str().is_some_and(|it| it == "termination.fuel@map"), "{done}");
        assert_eq!((&section["first"], &section["culprit"]), (&json!(1), &json!(1)));
        let sides: Vec<&Value> = [0, 1, 2].iter().map(|side| &section["sides"][side]["name"]).collect();
        assert_eq!(sides, ["reference", "endless", "implementation"]);
        assert!(server.work("a", "run", AGREES, &implementation(), "")["section"].is_object());
    });
}

#[test]
fn a_tab_that_is_closed_in_the_middle_of_a_run_ends_its_work_and_no_other() {
    in_folder(|folder| {
        endless_library(folder);
        let server = Server::start(folder, &["--subject", "./libendless.so"]);
        // To explain a finding of this subject takes seconds for each changed trace.
        let text = format!("{AGREES}{}", "read s0 v0\n".repeat(30));
        let subjects = json!([{ "name": "./libendless.so", "variant": null }]);
        let order =
            |tab: &str| json!({ "tab": tab, "work": "minimise", "text": text, "subjects": subjects, "name": "" });
        let mut stream = server.connect();
        stream.write_all(server.request("work", &order("closed")).as_bytes()).expect("it is sent");
        drop(stream);
        let other = server.order("work", &order("other"));
        assert!(other["job"].is_u64(), "{other}");
        // While both work, a third tab is answered.
        assert!(server.work("third", "run", AGREES, &implementation(), "")["section"].is_object());
        let job = json!({ "tab": "other", "job": other["job"] });
        assert_eq!(server.raw(&server.request("job", &json!({ "tab": "third", "job": other["job"] }))).status, 410);
        assert!(server.order("job", &job)["progress"].is_string());
        server.order("stop", &json!({ "tab": "other" }));
        let start = Instant::now();
        while workers_of(&server) > 0 {
            assert!(start.elapsed() < PATIENCE, "work of closed tabs goes on");
            sleep(Duration::from_millis(100));
            // The tab that was stopped does not ask any more either.
        }
        assert!(server.work("third", "run", AGREES, &implementation(), "")["section"].is_object());
    });
}

/// Processes that the server has started.
fn workers_of(server: &Server) -> usize {
    let parent = format!("PPid:\t{}\n", server.id());
    let processes = fs::read_dir("/proc").expect("/proc").map_while(Result::ok);
    processes
        .filter(|it| fs::read_to_string(it.path().join("status")).is_ok_and(|status| status.contains(&parent)))
        .count()
}

#[test]
fn the_first_signal_ends_it_with_what_it_has_started() {
    in_folder(|folder| {
        endless_library(folder);
        for signal in signals() {
            let server = Server::start(folder, &["--subject", "./libendless.so"]);
            let subjects = json!([{ "name": "./libendless.so", "variant": null }]);
            let order = json!({ "tab": "a", "work": "minimise", "text": AGREES, "subjects": subjects, "name": "" });
            let mut stream = server.connect();
            stream.write_all(server.request("work", &order).as_bytes()).expect("it is sent");
            sleep(Duration::from_millis(300));
            let ended = server.end(signal);
            assert_eq!(ended.code, 0, "{signal}: {}", ended.stderr);
            assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        }
    });
}

#[cfg(feature = "seeded-bugs")]
mod seeded {
    use serde_json::json;

    use super::in_folder;
    use super::server::Server;

    const STALE: &str = "# seeded bug: stale_mapping\nmachine ram=2 device=1 spaces=1 pages=2\nmap s0 v0+2 r\nread s0 v0\nmigrate s0 v0 to d0\nmove s0 v1 v0\nmigrate s0 v0 to d0\n";

    #[test]
    fn a_seeded_bug_is_switched_minimised_explained_and_kept() {
        in_folder(|folder| {
            std::fs::create_dir(folder.join("f")).expect("a folder");
            std::fs::write(folder.join("f/a.trace"), STALE).expect("a file");
            let server = Server::start(folder, &["f"]);
            let trace = server.order("trace", &json!({ "name": "a.trace" }));
            assert_eq!((&trace["subject"], &trace["fault"]), (&json!("implementation"), &json!("stale_mapping")));
            let with = |bug: Option<&str>| json!([{ "name": "implementation", "variant": bug }]);
            let right = server.work("a", "run", STALE, &with(None), "");
            assert!(right["section"]["first"].is_null(), "{right}");
            let wrong = server.work("a", "run", STALE, &with(Some("stale_mapping")), "");
            assert_eq!(wrong["section"]["signature"], "rmap.places@migrate", "{wrong}");
            assert_eq!(wrong["section"]["copies"]["command"], "stalemap run --bug stale_mapping edited.trace");
            let small = server.work("a", "minimise", STALE, &with(Some("stale_mapping")), "");
            let text = small["text"].as_str().expect("a trace");
            assert_eq!(text.lines().count(), 5, "{small}");
            assert!(small["said"].as_str().is_some_and(|it| it.contains("from 5 operations to 4")), "{small}");
            let why = server.work("a", "explain", text, &with(Some("stale_mapping")), "");
            assert_eq!(why["section"]["operations"][0]["without"], 0, "{why}");
            assert!(why["section"]["neighbours"]["all"][0].as_u64() > Some(100), "{why}");
            let kept = server.work("a", "keep", text, &with(Some("stale_mapping")), "small");
            assert_eq!(kept["kept"], "small.trace");
            let kept = std::fs::read_to_string(folder.join("f/small.trace")).expect("the trace");
            assert!(kept.starts_with("# rmap.places@migrate\n"), "{kept}");
            assert_eq!(super::stalemap(folder, &["run", "--bug", "stale_mapping", "f/small.trace"]).code, 1);
        });
    }
}
