//! The document: sections as one HTML file, with its style and its script inside.

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use stalemap_operations::Kind;
use stalemap_report::counted;

use crate::campaigns::Campaigns;
use crate::editor::Editor;
use crate::error::PageError;
use crate::rules::Rule;
use crate::section::Section;

/// The most bytes that a page has.
pub const MOST_BYTES: usize = 500_000;

/// What a page is made of.
pub struct Contents<'a> {
    /// What stands on top.
    pub title: &'a str,
    /// What folders of findings hold, where these are shown.
    pub campaigns: Option<&'a Campaigns>,
    /// The editor, on the page of a running server.
    pub editor: Option<&'a Editor>,
    /// The findings.
    pub sections: &'a [Section],
    /// What has no section.
    pub left_out: &'a [LeftOut],
    /// The part that all C programs share.
    pub shared_c: &'a str,
    /// The version of Stalemap.
    pub version: &'a str,
}

/// A trace that has no section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is called.
    pub name: String,
    /// Why not.
    pub why: String,
}

/// The page, and how many sections it has: the first ones, as many as there is room for. The others are named in the overview.
///
/// # Errors
/// When there is no room for a single one, or for what folders of findings hold.
pub fn document(contents: &Contents<'_>) -> Result<(String, usize), PageError> {
    let mut count = contents.sections.len();
    loop {
        let page = write(contents, count);
        if page.len() <= MOST_BYTES {
            return Ok((page, count));
        }
        if count <= 1 {
            // `stalemap export` makes them too.
            let short: Vec<Section> = contents.sections.iter().map(Section::without_programs).collect();
            let page = write(&Contents { sections: &short, ..*contents }, count);
            let is_short = page.len() <= MOST_BYTES;
            return if is_short {
                Ok((page, count))
            } else {
                Err(PageError::TooMuch { bytes: page.len(), most: MOST_BYTES })
            };
        }
        // What is too much is about what the last sections have.
        let mut above = page.len() - MOST_BYTES;
        while above > 0 && count > 1 {
            count -= 1;
            above = above.saturating_sub(json(&contents.sections[count]).len());
        }
    }
}

/// What the script reads.
#[derive(Serialize)]
struct Data<'a> {
    campaigns: Option<&'a Campaigns>,
    editor: Option<&'a Editor>,
    findings: &'a [Section],
    rules: Vec<Rule>,
    shared_c: &'a str,
}

fn write(contents: &Contents<'_>, count: usize) -> String {
    let (shown, behind) = contents.sections.split_at(count);
    let kinds: BTreeSet<Kind> = shown.iter().flat_map(|section| section.kinds.iter().copied()).collect();
    // A user may type any operation into an editor.
    let kinds = if contents.editor.is_some() { Kind::ALL.iter().copied().collect() } else { kinds };
    let rules = kinds.into_iter().map(Rule::of).collect();
    let Contents { campaigns, editor, shared_c, .. } = *contents;
    let data = json(&Data { campaigns, editor, findings: shown, rules, shared_c });
    let policy = if editor.is_some() { "; connect-src 'self'" } else { "" };
    let has_overview = contents.sections.len() + contents.left_out.len() > 1;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content={ "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'" (policy) };
                meta name="color-scheme" content="light dark";
                title { (contents.title) " · Stalemap" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the finding" }
                header.top {
                    p.brand { "Stalemap " span { (contents.version) } }
                    p.keys { "Keys: " kbd { "←" } " " kbd { "→" } " steps, " kbd { "Home" } " " kbd { "End" } " ends, " kbd { "D" } " the difference" }
                }
                main #main tabindex="-1" {
                    @if editor.is_some() { (editor_parts(contents.title)) (finding()) (campaign_parts()) }
                    @else {
                        (campaign_parts())
                        @if has_overview { (overview(contents, shown, behind)) }
                        (finding())
                    }
                }
                noscript {
                    @for sentence in contents.campaigns.iter().flat_map(|it| it.sentences()) { p { (sentence) } }
                    @for section in shown { (plain(section)) }
                }
                script type="application/json" #data { (PreEscaped(data)) }
                script { @for part in SCRIPTS { (PreEscaped(part)) } }
            }
        }
    };
    page.into_string()
}

/// All findings, with links into their sections.
fn overview(contents: &Contents<'_>, shown: &[Section], behind: &[Section]) -> Markup {
    html! {
        nav.overview aria-label="Findings" {
            h1 { (contents.title) }
            p { (counted(contents.sections.len() as u64, "finding")) "." }
            div.scroll tabindex="0" role="region" aria-label="Table of findings" {
                table {
                    thead { tr { th scope="col" { "trace" } th scope="col" { "finding" } th scope="col" { "side that differs" } th scope="col" { "operation" } } }
                    tbody {
                        @for (number, section) in (1..).zip(shown) {
                            tr data-finding=(number) {
                                th scope="row" { a href={ "#finding=" (number) } { (section.name) } }
                                td { code { (section.signature) } }
                                td { (section.culprit.map_or("", |culprit| &section.sides[culprit].name)) }
                                td { (section.first.unwrap_or(0)) " of " (section.operations.len()) }
                            }
                        }
                    }
                }
            }
            @if !behind.is_empty() || !contents.left_out.is_empty() {
                details {
                    summary { (counted((behind.len() + contents.left_out.len()) as u64, "trace")) " without a section" }
                    ul {
                        @for section in behind { li { code { (section.name) } ": there is no room; " code { "stalemap report " (section.name) } " makes its page" } }
                        @for out in contents.left_out { li { code { (out.name) } ": " (out.why) } }
                    }
                }
            }
        }
    }
}

/// The parts of the editor, which the script fills.
fn editor_parts(folder: &str) -> Markup {
    html! {
        section #editor aria-labelledby="editor-title" {
            h1 #editor-title { (folder) }
            div.edit {
                div {
                    p { label { "Open " select #open { option value="" { "a trace of the folder" } } } " " span #traces-note {} }
                    label for="text" { "Trace" }
                    textarea #text rows="14" spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off" aria-describedby="said" {}
                }
                div {
                    fieldset #subjects { legend { "Run it on" } }
                    p.buttons {
                        button #run type="button" { "Run" }
                        button #explain type="button" { "Try changed traces" }
                        button #minimise type="button" { "Minimise" }
                        button #stop type="button" disabled { "Stop" }
                        button #back type="button" disabled { "Undo" }
                    }
                    p.buttons {
                        label { "Name " input #keep-name type="text" autocomplete="off" spellcheck="false"; }
                        button #keep type="button" { "Keep in the folder" }
                    }
                    p #said role="status" aria-live="polite" {}
                    details { summary { "Operations" } dl #words {} }
                }
            }
            p #live role="status" {}
        }
    }
}

/// The parts of what folders of findings hold, which the script fills.
fn campaign_parts() -> Markup {
    html! {
        section #campaigns hidden aria-labelledby="campaigns-title" {
            h1 #campaigns-title { "Campaigns" }
            div.scroll tabindex="0" role="region" aria-label="Table of sums" { table #sums {} }
            p #untold {}
            ul #damaged {}
            div.scroll tabindex="0" role="region" aria-label="Table of campaigns" { table #campaign-list {} }
            p #differences-lead {}
            ul #differences {}
            section aria-labelledby="found-title" {
                h2 #found-title { "Findings and when they were met" }
                p #found-lead {}
                div.scroll tabindex="0" role="region" aria-label="Table of findings and when they were met" { table #found {} }
            }
            section aria-labelledby="matrix-title" {
                h2 #matrix-title { "Transitions" }
                p { "Each operation, the state before it, and its outcome. A click, or the arrow keys in a table, names a cell." }
                p #matrix-legend {}
                p {
                    label { input #only-never type="checkbox"; " only states with something never met" } " "
                    label { input #with-impossible type="checkbox"; " also states that are impossible" }
                }
                p #looked role="status" aria-live="polite" {}
                div #matrices {}
            }
            section #passed-part aria-labelledby="passed-title" {
                h2 #passed-title { "The subject's own code" }
                div #passed {}
            }
            section aria-labelledby="marks-title" {
                h2 #marks-title { "Marks" }
                p #marks-lead {}
                ul #marks-never {}
                details { summary { "Marks that were met" } div.scroll tabindex="0" role="region" aria-label="Table of marks" { table #marks {} } }
            }
        }
    }
}

/// The parts of a finding, which the script fills.
fn finding() -> Markup {
    html! {
        article #finding hidden aria-labelledby="signature" {
            h2.name #name {}
            h1 #signature {}
            p.lead #lead {}
            dl.answers #answers { dt { "expected" } dd #expected {} dt { "actual" } dd #actual {} }
            ol.milestones #milestones aria-label="Milestones" {}
            div.controls role="group" aria-label="Step" {
                button #first type="button" aria-label="First step" { "|◀" }
                button #previous type="button" aria-label="Previous step" { "◀" }
                input #slider type="range" min="0" step="1" aria-label="Step";
                button #next type="button" aria-label="Next step" { "▶" }
                button #last type="button" aria-label="Last step" { "▶|" }
                output #where for="slider" aria-live="polite" {}
            }
            div.columns {
                section.trace aria-labelledby="trace-title" {
                    h2 #trace-title { "Operations" }
                    p.machine { code #machine {} }
                    ol #operations {}
                    p #unasked {}
                }
                div.state {
                    section aria-labelledby="state-title" {
                        h2 #state-title { "State" }
                        p.legend {
                            span.changed { "changed in this step" } " " span.differs { "differs from the reference" }
                            " " label { input #only type="checkbox"; " only these" }
                        }
                        div #cards {}
                        p #more {}
                    }
                    section aria-labelledby="graph-title" {
                        h2 #graph-title { "Entries and reverse map" }
                        div.scroll #graph tabindex="0" role="region" aria-label="Graph of entries and reverse map" {}
                        ul #edges {}
                    }
                    section #frames-part aria-labelledby="frames-title" {
                        h2 #frames-title { "Frames in use" }
                        div #frames {}
                    }
                }
            }
            section.cell #cell aria-labelledby="cell-title" hidden {
                h2 #cell-title {}
                button #close type="button" { "Close" }
                div #writers {}
            }
            section.why #why-part aria-labelledby="why-title" {
                h2 #why-title { "Why each operation is there" }
                p #why-note {}
                div.scroll tabindex="0" role="region" aria-label="Table of changes" { table #why {} }
            }
            section.around #around-part aria-labelledby="around-title" {
                h2 #around-title { "Mutated neighbours" }
                p #around-note {}
                div.scroll tabindex="0" role="region" aria-label="Table of neighbours" { table #around {} }
            }
            section.copies aria-labelledby="copies-title" {
                h2 #copies-title { "Take it with you" }
                div #copies {}
                p #copied role="status" aria-live="polite" {}
            }
        }
    }
}

/// A finding for a reader without scripts.
fn plain(section: &Section) -> Markup {
    html! {
        article { h1 { (section.signature) } pre { (section.finding.as_ref().map(|it| strip(&it.text())).unwrap_or_default()) } }
    }
}

/// A text without the colours of a terminal.
fn strip(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or("", |(_, rest)| rest))
}

/// JSON that may stand in HTML: nothing in it ends a script or begins a comment.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it has text keys only").replace('<', "\\u003c")
}

const STYLE: &str = include_str!("style.css");
/// One script: each part uses those before it.
const SCRIPTS: [&str; 5] = [
    include_str!("script/data.js"),
    include_str!("script/graph.js"),
    include_str!("script/finding.js"),
    include_str!("script/campaigns.js"),
    include_str!("script/editor.js"),
];

#[cfg(test)]
mod tests {
    use super::{SCRIPTS, STYLE, json, strip};

    #[test]
    fn a_text_from_a_trace_cannot_leave_its_script() {
        assert_eq!(json(&"</script><!--"), "\"\\u003c/script>\\u003c!--\"");
        assert!(!SCRIPTS.concat().contains("</script") && !STYLE.contains("</style"));
    }

    #[test]
    fn colours_are_left_out() {
        assert_eq!(strip("\u{1b}[1m\u{1b}[31mred\u{1b}[0m plain"), "red plain");
    }
}
