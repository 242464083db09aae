//! What folders of findings hold, as their page shows it: campaigns, findings with their time lines, marks and transitions.

mod matrix;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use stalemap_campaign::{CampaignId, Contents, Entry, Passed, PassedFile, Recorded};
use stalemap_harness::Transitions;
use stalemap_operations::{Kind, KindSet};
use stalemap_report::MARKS;

use matrix::Matrix;

/// A folder of findings that a page shows, alone or beside another one.
pub struct Folder<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What it holds.
    pub contents: &'a Contents,
}

/// What one folder of findings holds, or two that are compared.
#[derive(Clone, Debug, Serialize)]
pub struct Campaigns {
    folders: Vec<FolderData>,
    findings: Vec<FindingData>,
    /// Each mark with how often it was met in each folder.
    marks: Vec<(String, Vec<u64>)>,
    /// Transitions of the operations of these campaigns from states that are possible.
    possible: usize,
    matrices: Vec<Matrix>,
    /// What was passed of subjects' own code.
    passed: Vec<PassedData>,
    /// Where each of two folders holds one campaign: the settings that differ, as the first and the second have them.
    differences: Vec<[String; 3]>,
}

#[derive(Clone, Debug, Serialize)]
struct FolderData {
    name: String,
    executions: u64,
    operations: u64,
    transitions: usize,
    /// Campaigns whose transitions another version of the program has written.
    untold: usize,
    campaigns: Vec<CampaignData>,
    /// What cannot be read.
    damaged: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct CampaignData {
    /// What tells it from others.
    id: CampaignId,
    executions: u64,
    operations: u64,
    /// How many shards are there that are not the whole campaign.
    shards: usize,
    /// One more than the highest execution that is known.
    end: u64,
}

/// A finding, in whichever folder it lies.
#[derive(Clone, Debug, Serialize)]
struct FindingData {
    signature: String,
    subject: String,
    variant: String,
    /// Its trace in each folder.
    files: Vec<Option<String>>,
    lines: Vec<LineData>,
}

/// What was passed of one subject's own code.
#[derive(Clone, Debug, Serialize)]
struct PassedData {
    subject: String,
    /// Each source with, for each folder, how many functions were passed of how many, and how many lines of how many.
    files: Vec<(String, Vec<[usize; 4]>)>,
    /// Functions that were passed in no folder, by source.
    never: Vec<(String, Vec<String>)>,
}

/// When one campaign met a finding.
#[derive(Clone, Debug, Serialize)]
struct LineData {
    /// The number of the folder, and that of the campaign in it.
    folder: usize,
    campaign: usize,
    executions: u64,
    /// The first and the last execution that are known to have met it.
    first: Option<u64>,
    last: Option<u64>,
    /// The executions that were brought to their form.
    samples: Vec<u64>,
}

impl Campaigns {
    /// Looks at these folders.
    #[must_use]
    pub fn new(folders: &[Folder<'_>]) -> Campaigns {
        let totals: Vec<Met> = folders.iter().map(|folder| Met::of(folder.contents)).collect();
        let names: BTreeSet<&str> =
            MARKS.iter().copied().chain(totals.iter().flat_map(|met| met.marks.keys().map(String::as_str))).collect();
        let times = |name: &str| totals.iter().map(|met| met.marks.get(name).copied().unwrap_or(0)).collect();
        let kinds = totals.iter().fold(KindSet::NONE, |all, met| met.kinds.iter().fold(all, KindSet::with));
        let is_asked = |cell: &usize| kinds.contains(Transitions::meaning(*cell).0);
        Campaigns {
            findings: findings(folders),
            marks: names.into_iter().map(|name| (name.to_string(), times(name))).collect(),
            possible: Transitions::possible().filter(is_asked).count(),
            matrices: matrix::matrices(&totals),
            passed: passed(folders),
            differences: differences(folders),
            folders: folders.iter().zip(&totals).map(|(folder, met)| FolderData::of(folder, met)).collect(),
        }
    }

    /// How many findings there are.
    #[must_use]
    pub fn findings(&self) -> usize {
        self.findings.len()
    }

    /// A line for each folder, for a reader without scripts.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = String> {
        self.folders.iter().map(|folder| {
            format!(
                "{}: {} executions, {} of {} possible transitions",
                folder.name, folder.executions, folder.transitions, self.possible
            )
        })
    }
}

/// What all campaigns of a folder have met.
pub(crate) struct Met {
    marks: BTreeMap<String, u64>,
    transitions: Transitions,
    untold: usize,
    /// The operations that the campaigns do.
    kinds: KindSet,
    /// How often each operation had each class of outcome.
    tally: BTreeMap<String, BTreeMap<String, u64>>,
    executions: u64,
    operations: u64,
}

impl Met {
    fn of(contents: &Contents) -> Met {
        let mut met = Met {
            marks: BTreeMap::new(),
            transitions: Transitions::default(),
            untold: 0,
            kinds: KindSet::NONE,
            tally: BTreeMap::new(),
            executions: 0,
            operations: 0,
        };
        for campaign in &contents.campaigns {
            let total = campaign.total();
            met.executions += total.executions;
            met.operations += total.operations;
            total.marks.iter().for_each(|(mark, count)| *met.marks.entry(mark.clone()).or_default() += count);
            for (word, row) in &total.tally {
                let sums = met.tally.entry(word.clone()).or_default();
                row.iter().for_each(|(class, count)| *sums.entry(class.clone()).or_default() += count);
            }
            match total.transitions() {
                Some(transitions) => met.transitions.merge(&transitions),
                None => met.untold += 1,
            }
            met.kinds = campaign.id.kinds().iter().fold(met.kinds, KindSet::with);
        }
        met
    }

    /// How often an operation had an outcome.
    fn times(&self, kind: Kind, outcome: &str) -> u64 {
        self.tally.get(kind.row().word).and_then(|row| row.get(outcome)).copied().unwrap_or(0)
    }
}

impl FolderData {
    fn of(folder: &Folder<'_>, met: &Met) -> FolderData {
        FolderData {
            name: folder.name.to_string(),
            executions: met.executions,
            operations: met.operations,
            transitions: met.transitions.count(),
            untold: met.untold,
            campaigns: folder.contents.campaigns.iter().map(CampaignData::of).collect(),
            damaged: folder.contents.damaged.iter().map(ToString::to_string).collect(),
        }
    }
}

impl CampaignData {
    fn of(campaign: &Recorded) -> CampaignData {
        let total = campaign.total();
        let ends = campaign.pieces().iter().map(|piece| piece.shard.end(piece.executions));
        let seen = campaign.times().into_values().filter(|times| times.first <= times.last).map(|times| times.last + 1);
        CampaignData {
            id: campaign.id.clone(),
            executions: total.executions,
            operations: total.operations,
            shards: campaign.shards().len(),
            end: ends.chain(seen).max().unwrap_or(0),
        }
    }
}

/// What was passed of subjects' own code in these folders.
fn passed(folders: &[Folder<'_>]) -> Vec<PassedData> {
    let subjects: BTreeSet<&str> =
        folders.iter().flat_map(|folder| folder.contents.passed.iter().map(|it| it.subject.as_str())).collect();
    let of_subject = |subject: &str| {
        let of = |folder: &Folder<'_>| folder.contents.passed.iter().find(|it| it.subject == subject).cloned();
        let each: Vec<Passed> = folders.iter().map(|folder| of(folder).unwrap_or_default()).collect();
        let mut all = Passed::default();
        each.iter().for_each(|passed| all.add(passed));
        let counts = |name: &String| {
            let of = |passed: &Passed| {
                let file = passed.files.get(name).cloned().unwrap_or_default();
                let ([functions, all_functions], [lines, all_lines]) = (file.functions(), file.lines());
                [functions, all_functions, lines, all_lines]
            };
            (name.clone(), each.iter().map(of).collect())
        };
        let never = |(name, file): (&String, &PassedFile)| {
            let never =
                file.functions.iter().filter(|(_, is_passed)| !**is_passed).map(|(function, _)| function.clone());
            let never: Vec<String> = never.collect();
            (!never.is_empty()).then(|| (name.clone(), never))
        };
        PassedData {
            subject: subject.to_string(),
            files: all.files.keys().map(counts).collect(),
            never: all.files.iter().filter_map(never).collect(),
        }
    };
    subjects.into_iter().map(of_subject).collect()
}

/// The settings in which the campaigns of two folders differ, where each holds one.
fn differences(folders: &[Folder<'_>]) -> Vec<[String; 3]> {
    let campaigns: Vec<&[Recorded]> = folders.iter().map(|folder| folder.contents.campaigns.as_slice()).collect();
    let [[one], [other]] = campaigns[..] else { return Vec::new() };
    let seeds = [one, other].map(|campaign| campaign.id.seed.to_string());
    let seed = (seeds[0] != seeds[1]).then_some(("seed", seeds[0].as_str(), seeds[1].as_str()));
    let settings = one.id.differences(&other.id);
    seed.into_iter().chain(settings).map(|(name, here, there)| [name, here, there].map(str::to_string)).collect()
}

/// The findings of all folders; those of one signature, subject and variant are one.
fn findings(folders: &[Folder<'_>]) -> Vec<FindingData> {
    let mut all: BTreeMap<(String, String, String), FindingData> = BTreeMap::new();
    for (number, folder) in folders.iter().enumerate() {
        for entry in folder.contents.findings() {
            let key = (entry.signature.clone(), entry.subject.clone(), entry.variant.clone());
            let data = all.entry(key).or_insert_with(|| FindingData {
                signature: entry.signature.clone(),
                subject: entry.subject.clone(),
                variant: entry.variant.clone(),
                files: vec![None; folders.len()],
                lines: Vec::new(),
            });
            data.files[number] = Some(entry.path.display().to_string());
            data.lines.extend(lines(&entry, number, folder.contents));
        }
    }
    all.into_values().collect()
}

/// When each campaign of a folder met a finding.
fn lines(entry: &Entry, folder: usize, contents: &Contents) -> Vec<LineData> {
    let of_campaign = |(campaign, recorded): (usize, &Recorded)| {
        let (_, times) = entry.met.iter().find(|(id, _)| *id == recorded.id)?;
        let samples = recorded.samples().filter(|sample| sample.form == entry.signature).map(|sample| sample.index);
        let is_known = times.first <= times.last;
        Some(LineData {
            folder,
            campaign,
            executions: times.executions,
            first: is_known.then_some(times.first),
            last: is_known.then_some(times.last),
            samples: samples.collect::<BTreeSet<u64>>().into_iter().collect(),
        })
    };
    contents.campaigns.iter().enumerate().filter_map(of_campaign).collect()
}
