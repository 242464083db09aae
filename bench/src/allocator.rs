//! Rows A1 to A5: the frame allocator beside its peers, in instructions; its metadata, in bytes.

use stalemap_implementation::FrameAllocator;
use stalemap_operations::{Dialect, Machine};

use crate::callgrind::{self, Count};
use crate::churn::{Churn, churn, refusals};
use crate::frames::{Frames, bulk, pairs as count_pairs};
use crate::peers::{ArrayStack, Bitmap, BuddySlab, BuddySystem, Ours, SummaryBuddy};
use crate::table::{Row, Verdict, figure};

/// Frames in the comparison with peers.
const FRAMES: u32 = 1 << 18;
/// Binary logarithms of the sizes at which the cost of an operation is compared with itself.
const SIZES: [u32; 3] = [10, 18, 24];
/// Mixed requests of orders 0 to 9.
const MIXED: Churn = Churn { frames: FRAMES, highest: 9, full: 90 };

/// A peer, and the most that ours may cost of what it costs, by row.
struct Peer {
    name: &'static str,
    kernel: &'static str,
    pairs: Option<f64>,
    bulk: Option<f64>,
    mixed: Option<f64>,
    /// Whether it knows blocks of several frames.
    has_orders: bool,
}

const fn peer(name: &'static str, kernel: &'static str) -> Peer {
    Peer { name, kernel, pairs: None, bulk: None, mixed: None, has_orders: true }
}

const PEERS: &[Peer] = &[
    Peer { pairs: Some(0.3), bulk: Some(0.9), mixed: Some(1.6), ..peer("buddy-slab-allocator 0.6", "buddy-slab") },
    Peer { pairs: Some(10.0), has_orders: false, ..peer("array stack", "array-stack") },
    peer("frame-alloc 0.1", "frame-alloc"),
    peer("bitmap-allocator 0.4", "bitmap"),
    peer("buddy_system_allocator 0.13", "buddy-system"),
];

/// Runs a kernel `work:who` if there is one of this name.
pub(crate) fn run_kernel(name: &str) -> bool {
    let Some((work, who)) = name.split_once(':') else { return false };
    match who {
        "ours" => run::<Ours>(work),
        "array-stack" => run::<ArrayStack>(work),
        "buddy-slab" => run::<BuddySlab>(work),
        "frame-alloc" => run::<SummaryBuddy>(work),
        "bitmap" => run::<Bitmap>(work),
        "buddy-system" => run::<BuddySystem>(work),
        _ => false,
    }
}

fn run<F: Frames>(work: &str) -> bool {
    match work {
        "pairs" => count_pairs::<F>(FRAMES),
        "bulk" => bulk::<F>(FRAMES),
        "mixed" => churn::<F>("mixed", MIXED),
        _ => {
            let size =
                work.strip_prefix("size-").and_then(|size| size.parse().ok()).filter(|size| SIZES.contains(size));
            let Some(size) = size else { return false };
            count_pairs::<F>(1 << size);
            churn::<F>("single frames", Churn { frames: 1 << size, highest: 0, ..MIXED });
            churn::<F>("mixed orders", Churn { frames: 1 << size, ..MIXED });
        }
    }
    true
}

/// A1: one frame allocated and freed.
pub(crate) fn pairs() -> Vec<Row> {
    compare("A1", "pairs", "frame allocated and freed", |peer| peer.pairs)
}

/// A2: all frames allocated, and freed in random order.
pub(crate) fn bulk_rows() -> Vec<Row> {
    compare("A2", "bulk", "2^18 frames allocated, freed at random", |peer| peer.bulk)
}

/// A3: mixed orders, and whether ours refuses justly; fuller too, where it has reason to refuse.
pub(crate) fn mixed() -> Vec<Row> {
    let mut rows = compare("A3", "mixed", "orders 0 to 9, 90 % full", |peer| peer.mixed);
    for full in [90, 98] {
        let [refused, unjust] = refusals::<Ours>(Churn { full, ..MIXED });
        rows.push(Row {
            id: "A3",
            what: format!("unjust refusals at {full} % full, of {refused}"),
            ours: unjust.to_string(),
            peer: String::new(),
            ratio: String::new(),
            goal: "0".to_string(),
            verdict: Verdict::of(unjust == 0),
        });
    }
    rows
}

/// Rows of ours beside each peer that can do the work, one for each part of the kernel.
fn compare(id: &'static str, work: &str, what: &str, goal: fn(&Peer) -> Option<f64>) -> Vec<Row> {
    let ours = match callgrind::run(&format!("{work}:ours")) {
        Ok(ours) => ours,
        Err(why) => return vec![Row::skipped(id, what.to_string(), &why)],
    };
    let mut rows = Vec::new();
    for peer in PEERS.iter().filter(|peer| peer.has_orders || id != "A3") {
        match callgrind::run(&format!("{work}:{}", peer.kernel)) {
            Err(why) => rows.push(Row::skipped(id, format!("{what} / {}", peer.name), &why)),
            Ok(theirs) => rows.extend(ours.iter().zip(&theirs).map(|(mine, other)| {
                let part = if ours.len() > 1 { format!(", {}", mine.name) } else { String::new() };
                let remark = if other.remark.is_empty() { String::new() } else { format!(" ({})", other.remark) };
                let what = format!("{what}{part} / {}{remark}", peer.name);
                Row::at_most(id, what, mine.each(), other.each(), goal(peer))
            })),
        }
    }
    rows
}

/// A4: cost of an operation at the largest size beside that at the smallest.
pub(crate) fn sizes() -> Vec<Row> {
    const WHAT: &str = "2^24 frames beside 2^10";
    let counts: Result<Vec<Vec<Count>>, String> =
        SIZES.iter().map(|size| callgrind::run(&format!("size-{size}:ours"))).collect();
    let counts = match counts {
        Ok(counts) => counts,
        Err(why) => return vec![Row::skipped("A4", WHAT.to_string(), &why)],
    };
    let [small, middle, large] = &counts[..] else { return Vec::new() };
    let row = |part: usize| {
        let name = if part < 2 { "pair, " } else { "90 % full, " };
        let what = format!("{WHAT}: {name}{} (2^18: {})", large[part].name, figure(middle[part].each()));
        Row::at_most("A4", what, large[part].each(), small[part].each(), Some(2.5))
    };
    (0..large.len()).map(row).collect()
}

/// A5: bytes of metadata for each frame beside descriptor and content.
pub(crate) fn metadata() -> Vec<Row> {
    let row = |size: u32| {
        let machine = Machine::new([1 << size, 0, 0], 1, 1, Dialect::default()).expect("a size within the limits");
        let bytes = f64::from(u32::try_from(FrameAllocator::metadata_bytes(&machine)).expect("a few megabytes"));
        let each = bytes / f64::from(1_u32 << size);
        let has_goal = size > 10;
        Row {
            id: "A5",
            what: format!("bytes of metadata a frame, 2^{size} frames"),
            ours: format!("{each:.3}"),
            peer: String::new(),
            ratio: String::new(),
            goal: if has_goal { "≤ 0.3".to_string() } else { String::new() },
            verdict: if has_goal { Verdict::of(each <= 0.3) } else { Verdict::Shown },
        }
    };
    SIZES.map(row).into()
}
