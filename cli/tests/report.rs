//! The page of a finding through the built program: where it goes, what has none, and how it ends.

mod program;

use std::fs;
use std::path::Path;

use program::{in_folder, stalemap};

const AGREES: &str = "machine ram=4 spaces=1 pages=4\nmap s0 v0 rw\nread s0 v0 = ok value=#00\n";

#[test]
fn a_trace_that_agrees_has_no_page() {
    in_folder(|folder| {
        fs::write(folder.join("a.trace"), AGREES).expect("a file");
        fs::write(folder.join("w.trace"), AGREES.replace("#00", "#01")).expect("a file");
        for (file, says) in [
            ("a.trace", "a.trace: all sides agree on all 2 operations; there is no finding to show"),
            ("w.trace", "w.trace: all sides agree; only the answer written at operation 2 is wrong"),
        ] {
            let ended = stalemap(folder, &["report", file, "-o", "page.html"]);
            assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{}", ended.stderr);
            assert!(ended.stderr.contains(says), "{}", ended.stderr);
            assert!(!folder.join("page.html").exists());
        }
    });
}

#[test]
fn a_machine_too_large_to_show_is_told() {
    in_folder(|folder| {
        let text = "machine ram=16 spaces=1 pages=65536\nmap s0 v0+65536 r\n";
        fs::write(folder.join("large.trace"), text).expect("a file");
        let ended = stalemap(folder, &["report", "large.trace", "-o", "page.html"]);
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        let says = "after operation 1 a side shows 131,074 facts, more than the 4,000 that a page shows";
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
    });
}

/// A machine that has more operations than memory holds.
#[test]
#[cfg(feature = "seeded-bugs")]
fn what_makes_a_difference_visible_is_looked_for_on_a_large_machine_too() {
    in_folder(|folder| {
        let text = "machine ram=4096 device=64 spaces=8 pages=4096\n\
                    map s0 v0+2 r\nmigrate s0 v0 to d0\nmove s0 v1 v0\nmigrate s0 v0 to d0\n";
        fs::write(folder.join("large.trace"), text).expect("a file");
        let options = ["--bug", "stale_mapping", "--neighbours", "0", "-o", "page.html"];
        let ended = stalemap(folder, &[&["report", "large.trace"], &options[..]].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let page = fs::read_to_string(folder.join("page.html")).expect("the page");
        assert!(page.contains("\"shown_by\":[\"read"), "an operation shows it");
    });
}

/// The kernels were recorded: none is needed.
#[test]
fn each_fault_of_linux_has_a_page_with_the_kernel_beside_the_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    in_folder(|folder| {
        let page = folder.join("page.html");
        let ended = stalemap(&root, &["report", "corpus/linux/trophies", "-o", &page.to_string_lossy()]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let page = fs::read_to_string(&page).expect("the page");
        assert!(page.len() <= 500_000, "{} bytes", page.len());
        let findings = data(&page)["findings"].as_array().expect("findings").clone();
        let is_huge = |name: &str| name.contains("/huge/");
        let huge = findings.iter().filter(|it| is_huge(it["name"].as_str().expect("a name"))).count();
        assert_eq!((findings.len() - huge, huge), (6, 8), "{}", ended.stderr);
        for finding in findings {
            let name = finding["name"].as_str().expect("a name");
            let subject = match name {
                _ if is_huge(name) => "linux-7.3-native-huge2",
                _ if name.ends_with("finalize_without_pages.trace") => "linux-7.3-native",
                _ if name.ends_with("fault_for_ever_without_ram.trace") => "linux-6.12-native",
                _ => "linux-6.1",
            };
            let sides = ["reference", "implementation", &format!("{subject} (recorded)")];
            assert_eq!([0, 1, 2].map(|side| finding["sides"][side]["name"].clone()), sides, "{name}");
            assert_eq!(finding["culprit"].as_u64(), Some(2), "{name}");
            // What is only seen of the state is never visible to a program.
            let is_of_state =
                ["zap_of_migrating.trace", "finalize_without_pages.trace"].iter().any(|it| name.ends_with(it));
            let is_silent = is_of_state && finding["visible"].is_null();
            assert!(is_silent || finding["first"] == finding["visible"], "{name}");
            let title = fs::read_to_string(root.join(name)).expect("the trace");
            let actual = title.lines().find_map(|line| line.strip_prefix("# actual:   ")).expect("what it did");
            assert_eq!(finding["actual"], actual, "{name}");
            let command = finding["copies"]["command"].as_str().expect("a command");
            assert!(command.starts_with(&format!("stalemap run --subject {subject} --fault ")), "{command}");
        }
    });
}

#[test]
fn a_recording_is_one_of_the_same_operations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let [fault, other] = ["table_keeps_a_freed_page", "table_holds_a_device_page"]
        .map(|name| format!("corpus/linux/trophies/{name}.trace"));
    in_folder(|folder| {
        let page = folder.join("page.html").to_string_lossy().into_owned();
        let with = |recording: &str| stalemap(&root, &["report", &fault, "--recording", recording, "-o", &page]);
        let ended = with(&other);
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(ended.stderr.contains("the recording is one of other operations"), "{}", ended.stderr);
        assert!(!Path::new(&page).exists());
        assert_eq!(with(&fault).code, 0);
    });
}

/// How many transitions of a page are met by the folder of this number, or possible where it is none; of the operations that campaigns do.
fn transitions(campaigns: &serde_json::Value, folder: Option<u32>) -> usize {
    let wanted = folder.map_or(4, |folder| 1 << folder);
    let of_matrix = |matrix: &serde_json::Value| -> usize {
        let columns = matrix["columns"].as_array().expect("columns");
        let is_asked =
            |column: &serde_json::Value| column["asked"].as_array().expect("folders").iter().any(|it| it == true);
        let of_row = |row: &serde_json::Value| {
            let digits = row.as_str().expect("digits").chars().filter_map(|digit| digit.to_digit(8));
            digits.zip(columns).filter(|(digit, column)| digit & wanted != 0 && is_asked(column)).count()
        };
        matrix["rows"].as_array().expect("rows").iter().map(of_row).sum()
    };
    campaigns["matrices"].as_array().expect("matrices").iter().map(of_matrix).sum()
}

#[test]
fn a_campaign_without_a_finding_has_a_page_that_says_what_was_met() {
    in_folder(|folder| {
        let fuzz = ["fuzz", "--seed", "3", "--runs", "3000", "--out", "f"];
        assert_eq!(stalemap(folder, &fuzz).code, 0);
        let ended = stalemap(folder, &["report", "f", "-o", "page.html"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let page = data(&fs::read_to_string(folder.join("page.html")).expect("the page"));
        let status = stalemap(folder, &["status", "f", "--format", "json"]);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
        let campaigns = &page["campaigns"];
        assert_eq!(campaigns["folders"][0]["executions"], 3_000);
        assert_eq!(campaigns["folders"][0]["operations"], status["operations"]);
        assert_eq!(status["transitions"], transitions(campaigns, Some(0)));
        assert_eq!(status["possible_transitions"], transitions(campaigns, None));
        assert_eq!(status["possible_transitions"], campaigns["possible"]);
        let never = campaigns["marks"].as_array().expect("marks").iter().filter(|mark| mark[1][0] == 0).count();
        assert_eq!(Some(never), status["marks_never_met"].as_array().map(Vec::len));
        let columns = campaigns["matrices"]
            .as_array()
            .expect("matrices")
            .iter()
            .flat_map(|it| it["columns"].as_array().expect("columns"));
        let times: u64 = columns.filter_map(|column| column["times"][0].as_u64()).sum();
        assert_eq!(Some(times), status["operations"].as_u64(), "each operation has one of the outcomes");
    });
}

#[test]
fn two_folders_of_findings_are_compared_and_two_other_paths_are_not() {
    in_folder(|folder| {
        let fuzz = |out: &str, more: &[&str]| {
            stalemap(folder, &[&["fuzz", "--seed", "3", "--runs", "500", "--out", out], more].concat())
        };
        assert_eq!((fuzz("all", &[]).code, fuzz("frames", &["--levels", "0"]).code), (0, 0));
        let ended = stalemap(folder, &["report", "all", "frames", "-o", "page.html"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let page = data(&fs::read_to_string(folder.join("page.html")).expect("the page"));
        let campaigns = &page["campaigns"];
        assert_eq!([0, 1].map(|at| campaigns["folders"][at]["name"].clone()), ["all", "frames"]);
        let differences = campaigns["differences"].as_array().expect("differences");
        assert!(differences.iter().any(|it| it[0] == "only" && it[2] == "alloc,free,split"), "{differences:?}");
        assert!(
            transitions(campaigns, Some(0)) > transitions(campaigns, Some(1)) && transitions(campaigns, Some(1)) > 5
        );
        let columns = campaigns["matrices"]
            .as_array()
            .expect("matrices")
            .iter()
            .flat_map(|it| it["columns"].as_array().expect("columns"));
        let map = columns.into_iter().find(|column| column["word"] == "map").expect("a column");
        assert_eq!(map["asked"], serde_json::json!([true, false]));
        fs::write(folder.join("a.trace"), AGREES).expect("a file");
        for other in ["a.trace", "nothing"] {
            let ended = stalemap(folder, &["report", "all", other, "-o", "other.html"]);
            assert_eq!(ended.code, 2);
            assert!(
                ended.stderr.contains(&format!("two folders of findings are compared, and {other} is none")),
                "{}",
                ended.stderr
            );
        }
        assert!(!folder.join("other.html").exists());
    });
}

/// What the script of a page reads.
fn data(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("<script id=\"data\" type=\"application/json\">").expect("the data");
    serde_json::from_str(rest.split_once("</script>").expect("its end").0).expect("JSON")
}

#[cfg(feature = "seeded-bugs")]
mod seeded {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::program::{in_folder, stalemap};
    use super::{AGREES, data};

    const MOST_BYTES: u64 = 500_000;
    const STALE: &str = "# seeded bug: stale_mapping\nmachine ram=1 device=1 spaces=1 pages=2\nmap s0 v0+2 r\nmigrate s0 v0 to d0\n\
                         move s0 v1 v0\nmigrate s0 v0 to d0\n";

    #[test]
    fn a_page_goes_where_it_is_sent_and_is_the_same_everywhere() {
        in_folder(|folder| {
            fs::write(folder.join("a.trace"), STALE).expect("a file");
            let few = ["report", "a.trace", "--neighbours", "300"];
            let printed = stalemap(folder, &few);
            assert_eq!(printed.code, 0, "{}", printed.stderr);
            let through = stalemap(folder, &[&few[..], &["-o", "/dev/stdout"]].concat());
            let file = stalemap(folder, &[&few[..], &["-o", "deep/page.html"]].concat());
            assert_eq!(
                (through.code, file.code, file.stdout.as_str()),
                (0, 0, ""),
                "{}{}",
                through.stderr,
                file.stderr
            );
            let page = fs::read_to_string(folder.join("deep/page.html")).expect("the page");
            assert!(page == printed.stdout && page == through.stdout);
            assert!(file.stderr.starts_with("1 finding, "), "{}", file.stderr);
            let finding = &data(&page)["findings"][0];
            assert_eq!(finding["signature"], "rmap.places@migrate");
            assert_eq!(finding["neighbours"]["all"][0], 300);
            assert_eq!(finding["copies"]["command"], "stalemap run --bug stale_mapping a.trace");
            let copied = &finding["copies"]["trace"];
            fs::write(folder.join("copied.trace"), copied.as_str().expect("a trace")).expect("a file");
            assert_eq!(stalemap(folder, &["run", "--bug", "stale_mapping", "copied.trace"]).code, 1);
        });
    }

    #[test]
    fn a_folder_has_an_overview_and_what_cannot_be_read_does_not_stop_the_rest() {
        in_folder(|folder| {
            fs::create_dir(folder.join("f")).expect("a folder");
            for (name, text) in [("a", STALE), ("b", AGREES), ("c", STALE)] {
                fs::write(folder.join("f").join(name).with_extension("trace"), text).expect("a file");
            }
            let report = ["report", "f", "--neighbours", "50", "-o", "page.html"];
            let ended = stalemap(folder, &report);
            assert_eq!(ended.code, 0, "{}", ended.stderr);
            assert!(ended.stderr.starts_with("2 findings; 1 trace without a finding, "), "{}", ended.stderr);
            let page = fs::read_to_string(folder.join("page.html")).expect("the page");
            for part in ["<a href=\"#finding=2\">f/c.trace</a>", "all sides agree on all 2 operations"] {
                assert!(page.contains(part), "no {part}");
            }
            fs::write(folder.join("f/d.trace"), "machine\n").expect("a file");
            let ended = stalemap(folder, &report);
            assert_eq!(ended.code, 2, "{}", ended.stderr);
            assert!(ended.stderr.contains("d.trace:1:8") && ended.stderr.contains("2 findings"), "{}", ended.stderr);
        });
    }

    #[test]
    fn a_campaign_that_found_something_shows_each_finding_once_with_when_it_was_met() {
        in_folder(|folder| {
            let fuzz = ["fuzz", "--seed", "1", "--runs", "4000", "--bug", "stale_mapping", "--out", "f"];
            assert_eq!(stalemap(folder, &fuzz).code, 1);
            let ended = stalemap(folder, &["report", "f", "--neighbours", "20", "-o", "page.html"]);
            assert_eq!(ended.code, 0, "{}", ended.stderr);
            let page = data(&fs::read_to_string(folder.join("page.html")).expect("the page"));
            let names = |value: &serde_json::Value, of: fn(&serde_json::Value) -> &serde_json::Value| -> Vec<String> {
                value
                    .as_array()
                    .expect("a list")
                    .iter()
                    .map(|it| of(it).as_str().expect("a text").to_string())
                    .collect()
            };
            let traces = fs::read_dir(folder.join("f"))
                .expect("a folder")
                .filter(|it| it.as_ref().is_ok_and(|it| it.path().extension().is_some_and(|end| end == "trace")));
            let (found, count) = (&page["campaigns"]["findings"], traces.count());
            let files = names(found, |it| &it["files"][0]);
            assert_eq!((files.len(), names(&page["findings"], |it| &it["name"])), (count, files));
            for finding in found.as_array().expect("findings") {
                let line = &finding["lines"][0];
                let [first, last] = ["first", "last"].map(|name| line[name].as_u64().expect("an index"));
                let samples = line["samples"].as_array().expect("indices");
                assert!(first <= last && last < 4_000 && !samples.is_empty(), "{finding}");
                assert!(samples.iter().all(|it| (first..=last).contains(&it.as_u64().expect("an index"))), "{finding}");
                assert_eq!(finding["variant"], "--bug stale_mapping");
            }
        });
    }

    #[test]
    fn five_seeded_bugs_have_pages_within_the_limit() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        in_folder(|folder| {
            for bug in
                ["stale_mapping", "subpage_pointer", "double_free_accepted", "lost_hole_race", "fork_shares_pinned"]
            {
                let (trace, page) = (format!("corpus/bugs/{bug}.trace"), folder.join("page.html"));
                let output = page.to_string_lossy().into_owned();
                let ended = stalemap(&root, &["report", &trace, "--neighbours", "100", "-o", &output]);
                assert_eq!(ended.code, 0, "{bug}: {}", ended.stderr);
                assert!(fs::metadata(&page).expect("the page").len() <= MOST_BYTES, "{bug}");
                let signature = fs::read_to_string(root.join(&trace)).expect("the trace");
                let signature =
                    signature.lines().find_map(|line| line.strip_prefix("# signature: ")).expect("its name");
                assert_eq!(data(&fs::read_to_string(&page).expect("the page"))["findings"][0]["signature"], signature);
            }
            let all: PathBuf = folder.join("all.html");
            let ended = stalemap(&root, &["report", "corpus/bugs", "--neighbours", "20", "-o", &all.to_string_lossy()]);
            assert_eq!(ended.code, 0, "{}", ended.stderr);
            assert!(fs::metadata(&all).expect("the page").len() <= MOST_BYTES);
            let count = data(&fs::read_to_string(&all).expect("the page"))["findings"].as_array().map(Vec::len);
            assert!(count >= Some(40), "{count:?}");
        });
    }
}
