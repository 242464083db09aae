//! `stalemap status`: what folders of findings hold, all of them together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Error, Result, ensure};
use clap::Args;
use serde::Serialize;
use stalemap_campaign::{CampaignId, Contents, Entry, Passed, PassedFile, Recorded, Store};
use stalemap_harness::Transitions;
use stalemap_operations::{Kind, KindSet};
use stalemap_report::style::{BAD, GOOD, STRONG};
use stalemap_report::{counted, grouped};

use crate::ending::Ending;
use crate::known::{KnownEntry, List};
use crate::values::TableFormat;
use crate::{output, summary};

/// Say what folders of findings hold, all together: campaigns, what they met and never met, and findings
#[derive(Debug, Args)]
#[command(after_help = "\
Shards and campaigns that lie in several of the folders count once. Findings that a known.toml in one of them names stand apart, \
with reason and last day. Entries that have expired, and those of findings that were not met, are told.

Examples:
  stalemap status
  stalemap status shard-0 shard-1 shard-2
  stalemap status findings --format json")]
pub struct StatusArguments {
    /// Folders of findings
    #[arg(value_name = "FOLDER", default_value = "findings")]
    folders: Vec<PathBuf>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: TableFormat,
}

/// Prints what the folders hold.
///
/// # Errors
/// When a folder is not there, or belongs to a later version of the program.
pub fn status(arguments: &StatusArguments) -> Result<Ending> {
    let mut all = Contents::default();
    for folder in &arguments.folders {
        ensure!(folder.is_dir(), "{} is no folder", folder.display());
        all = all.and(Store::to_read(folder).read()?);
    }
    let known = List::of(&arguments.folders, Ok)?;
    known.tell_differences();
    let overview = Overview::of(&all, &known);
    match arguments.format {
        TableFormat::Text => output::print(overview.text())?,
        TableFormat::Json => output::print_line(serde_json::to_string_pretty(&overview)?)?,
    }
    let has_damage = !all.damaged.is_empty();
    all.damaged.into_iter().for_each(|error| output::complain(&Error::new(error)));
    Ok(if has_damage { Ending::Trouble } else { Ending::Agree })
}

/// What folders hold.
#[derive(Serialize)]
struct Overview {
    executions: u64,
    operations: u64,
    transitions: usize,
    possible_transitions: usize,
    /// Marks that were met, and how often.
    marks: BTreeMap<String, u64>,
    marks_never_met: Vec<&'static str>,
    campaigns: Vec<OfCampaign>,
    findings: Vec<OfFinding>,
    /// Entries for findings that were not met.
    known_not_met: Vec<OfKnown>,
    /// Findings of an earlier version of the program.
    earlier: Vec<OfEarlier>,
    /// What was passed of subjects' own code.
    passed: Vec<OfPassed>,
}

#[derive(Serialize)]
struct OfCampaign {
    #[serde(flatten)]
    id: CampaignId,
    executions: u64,
    operations: u64,
    /// The shards that are not whole campaigns, with their executions.
    shards: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct OfFinding {
    signature: String,
    subject: String,
    variant: String,
    executions: u64,
    seeds: BTreeSet<u64>,
    versions: BTreeSet<String>,
    revisions: BTreeSet<String>,
    /// Seed and index of the first execution that met it, of the campaign with the lowest seed; and of the last one.
    first: Option<(u64, u64)>,
    last: Option<(u64, u64)>,
    file: PathBuf,
    /// What is known of it.
    known: Option<OfKnown>,
}

/// An entry of `known.toml`.
#[derive(Clone, Serialize)]
struct OfKnown {
    signature: String,
    reason: String,
    expires: String,
    has_expired: bool,
}

#[derive(Serialize)]
struct OfEarlier {
    signature: String,
    subject: String,
    executions: u64,
    file: PathBuf,
}

/// Functions and lines of a subject's own code: those that were passed, and all.
#[derive(Serialize)]
struct OfPassed {
    subject: String,
    functions: [usize; 2],
    lines: [usize; 2],
}

impl Overview {
    fn of(contents: &Contents, known: &List) -> Overview {
        let totals: Vec<_> = contents.campaigns.iter().map(|campaign| (campaign, campaign.total())).collect();
        let mut marks = BTreeMap::new();
        let mut transitions = Transitions::default();
        for (_, total) in &totals {
            total.marks.iter().for_each(|(mark, count)| *marks.entry(mark.clone()).or_insert(0) += count);
            // What another version has met cannot be told by this one.
            total.transitions().into_iter().for_each(|met| transitions.merge(&met));
        }
        let kinds: Vec<KindSet> = contents.campaigns.iter().map(|campaign| campaign.id.kinds()).collect();
        let kinds = Kind::ALL.iter().copied().filter(|kind| kinds.iter().any(|set| set.contains(*kind))).collect();
        let never = summary::all_marks().iter().copied().filter(|mark| !marks.contains_key(*mark));
        let earlier = contents.earlier.iter().map(|it| OfEarlier {
            signature: it.signature.clone(),
            subject: it.subject.clone(),
            executions: it.executions.values().sum(),
            file: it.path.clone(),
        });
        let findings: Vec<_> = contents.findings().into_iter().map(|entry| OfFinding::of(entry, known)).collect();
        let is_met = |entry: &&KnownEntry| findings.iter().any(|finding| finding.signature == entry.signature);
        let not_met = known.entries().filter(|entry| !is_met(entry)).map(OfKnown::of).collect();
        Overview {
            executions: totals.iter().map(|(_, total)| total.executions).sum(),
            operations: totals.iter().map(|(_, total)| total.operations).sum(),
            transitions: transitions.count(),
            possible_transitions: summary::possible_transitions(kinds),
            marks_never_met: never.collect(),
            marks,
            campaigns: totals.iter().map(|(campaign, _)| OfCampaign::of(campaign)).collect(),
            known_not_met: not_met,
            findings,
            earlier: earlier.collect(),
            passed: contents.passed.iter().map(OfPassed::of).collect(),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a string takes everything");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "{STRONG}done{STRONG:#}  {}, {}",
            counted(self.executions, "execution"),
            counted(self.operations, "operation")
        )?;
        self.campaigns.iter().try_for_each(|campaign| campaign.write(text))?;
        // Where no campaign ran, that it met nothing says nothing.
        if !self.campaigns.is_empty() {
            self.write_met(text)?;
        }
        for OfPassed { subject, functions, lines } in &self.passed {
            let of = |[passed, all]: [usize; 2]| format!("{} of {}", grouped(passed as u64), grouped(all as u64));
            writeln!(text, "{STRONG}passed{STRONG:#}  {subject}: {} functions, {} lines", of(*functions), of(*lines))?;
        }
        self.write_findings(text)?;
        if !self.earlier.is_empty() {
            writeln!(text, "{STRONG}of an earlier version{STRONG:#}")?;
        }
        self.earlier.iter().try_for_each(|it| {
            let executions = counted(it.executions, "execution");
            writeln!(text, "  {}  {executions}\n    file  {}", it.signature, it.file.display())
        })
    }

    /// What the campaigns met, and which marks they did not.
    fn write_met(&self, text: &mut String) -> std::fmt::Result {
        let met = self.marks.len();
        writeln!(
            text,
            "{STRONG}met{STRONG:#}  {} of {} possible transitions, {met} of {} marks",
            grouped(self.transitions as u64),
            grouped(self.possible_transitions as u64),
            met + self.marks_never_met.len()
        )?;
        self.marks_never_met.iter().try_for_each(|mark| writeln!(text, "  never: {mark}"))
    }

    /// Those that are not known, those that are, and the entries for others.
    fn write_findings(&self, text: &mut String) -> std::fmt::Result {
        let (known, findings): (Vec<_>, Vec<_>) = self.findings.iter().partition(|finding| finding.is_known());
        if findings.is_empty() {
            writeln!(text, "{GOOD}no findings{GOOD:#}")?;
        } else {
            writeln!(text, "{BAD}{}{BAD:#}", counted(findings.len() as u64, "finding"))?;
        }
        findings.iter().try_for_each(|finding| finding.write(text))?;
        if !known.is_empty() {
            writeln!(text, "{STRONG}{} known{STRONG:#}", known.len())?;
        }
        known.iter().try_for_each(|finding| finding.write(text))?;
        if !self.known_not_met.is_empty() {
            writeln!(text, "{STRONG}known and not met{STRONG:#}")?;
        }
        self.known_not_met.iter().try_for_each(|known| writeln!(text, "  {}\n    {}", known.signature, known.words()))
    }
}

impl OfKnown {
    fn of(entry: &KnownEntry) -> OfKnown {
        let KnownEntry { signature, reason, expires, .. } = entry.clone();
        OfKnown { signature, reason, expires, has_expired: entry.has_expired() }
    }

    fn words(&self) -> String {
        let day = if self.has_expired { "was known until" } else { "known until" };
        format!("{day} {}: {}", self.expires, self.reason)
    }
}

impl OfPassed {
    fn of(passed: &Passed) -> OfPassed {
        let sum = |of: fn(&PassedFile) -> [usize; 2]| {
            passed.files.values().map(of).fold([0; 2], |[sum, all], [passed, some]| [sum + passed, all + some])
        };
        let (functions, lines) = (sum(PassedFile::functions), sum(PassedFile::lines));
        OfPassed { subject: passed.subject.clone(), functions, lines }
    }
}

impl OfCampaign {
    fn of(campaign: &Recorded) -> OfCampaign {
        let total = campaign.total();
        OfCampaign {
            id: campaign.id.clone(),
            executions: total.executions,
            operations: total.operations,
            shards: campaign.shards().into_iter().map(|(shard, executions)| (shard.to_string(), executions)).collect(),
        }
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let CampaignId { seed, engine, version, subject, variant, revision, .. } = &self.id;
        write!(text, "  {engine} seed {seed}, {subject}")?;
        for more in [variant, revision].into_iter().filter(|it| !it.is_empty()) {
            write!(text, " {more}")?;
        }
        write!(text, ", stalemap {version}: {}", counted(self.executions, "execution"))?;
        match self.shards.len() as u64 {
            0 => writeln!(text),
            shards => writeln!(text, " of {}", counted(shards, "shard")),
        }
    }
}

impl OfFinding {
    fn of(entry: Entry, list: &List) -> OfFinding {
        let ids = || entry.met.iter().map(|(id, _)| id);
        let known = || entry.met.iter().filter(|(_, times)| times.first <= times.last);
        OfFinding {
            known: list.get(&entry.signature).map(OfKnown::of),
            executions: entry.executions(),
            seeds: ids().map(|id| id.seed).collect(),
            versions: ids().map(|id| id.version.clone()).collect(),
            revisions: ids().map(|id| id.revision.clone()).filter(|it| !it.is_empty()).collect(),
            first: known().next().map(|(id, times)| (id.seed, times.first)),
            last: known().next_back().map(|(id, times)| (id.seed, times.last)),
            signature: entry.signature,
            subject: entry.subject,
            variant: entry.variant,
            file: entry.path,
        }
    }

    fn is_known(&self) -> bool {
        self.known.as_ref().is_some_and(|known| !known.has_expired)
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let list = |words: Vec<String>| words.join(", ");
        let seeds = list(self.seeds.iter().map(ToString::to_string).collect());
        let versions = list(self.versions.iter().cloned().collect());
        write!(text, "  {}  {}, seed {seeds}", self.signature, counted(self.executions, "execution"))?;
        if let (Some((seed, first)), Some((other, last))) = (self.first, self.last) {
            let (first, last) = (grouped(first), grouped(last));
            if seed == other {
                write!(text, ", from execution {first} to {last}")?;
            } else {
                write!(text, ", from execution {first} of seed {seed} to {last} of seed {other}")?;
            }
        }
        writeln!(text, ", stalemap {versions}")?;
        if let Some(known) = &self.known {
            writeln!(text, "    {}", known.words())?;
        }
        // What was known from the start has no file of its own.
        if self.is_known() && !self.file.exists() {
            return Ok(());
        }
        writeln!(text, "    file  {}", self.file.display())
    }
}
