//! A memory manager: address spaces of pages that are copied on write, and that migrate to devices and back. It knows
//! nothing of Stalemap.

use std::collections::BTreeMap;

use super::FAULT;

/// The rights of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Nothing may be done.
    None,
    /// It may be read.
    Read,
    /// It may be read and written.
    ReadWrite,
}

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Something is mapped there.
    Mapped,
    /// Nothing is mapped there, or the rights do not allow it.
    Fault,
    /// A device may not write there.
    ReadOnly,
    /// No frame is free.
    NoFrame,
}

/// A frame: 0 is RAM, 1 and 2 are the devices, and frames are numbered in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameId {
    /// RAM or a device.
    pub home: usize,
    /// Frames before it there.
    pub number: u32,
}

/// The home that the CPU can touch.
pub const RAM: usize = 0;

/// A mapped place. One without a frame was not written yet, and reads as zero.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What may be done.
    pub rights: Rights,
    /// The frame of its page.
    pub frame: Option<FrameId>,
    /// Whether it was written since its page was shared; a device may write its own page then.
    written: bool,
}

/// What a frame holds, and how many entries have it.
#[derive(Clone, Copy, Debug)]
struct Frame {
    content: u8,
    entries: u32,
}

/// The frames of each home, and the page tables of all spaces by space and page.
pub struct Memory {
    frames: Vec<Vec<Option<Frame>>>,
    entries: BTreeMap<(u32, u32), Entry>,
}

impl Memory {
    /// So many free frames in each home, and nothing mapped.
    pub fn new(frames: &[u32]) -> Memory {
        Memory {
            frames: frames.iter().map(|&count| vec![None; count as usize]).collect(),
            entries: BTreeMap::new(),
        }
    }

    /// Maps pages, which get frames when they are written.
    pub fn map(&mut self, space: u32, pages: impl Iterator<Item = u32> + Clone, rights: Rights) -> Result<(), Refusal> {
        if pages.clone().any(|page| self.entries.contains_key(&(space, page))) {
            return Err(Refusal::Mapped);
        }
        let entry = Entry { rights, frame: None, written: false };
        self.entries.extend(pages.map(|page| ((space, page), entry)));
        Ok(())
    }

    /// Unmaps a page, if it is mapped.
    pub fn unmap(&mut self, space: u32, page: u32) {
        if let Some(Entry { frame: Some(frame), .. }) = self.entries.remove(&(space, page)) {
            self.put(frame);
        }
    }

    /// Copies the entries of a space; its pages are shared until they are written.
    pub fn fork(&mut self, parent: u32, child: u32) {
        let parents = self.entries.range_mut((parent, 0)..=(parent, u32::MAX));
        let entries: Vec<(u32, Entry)> = parents
            .map(|(&(_, page), entry)| {
                entry.written = false;
                (page, *entry)
            })
            .collect();
        for (page, entry) in entries {
            if let Some(frame) = entry.frame {
                self.used(frame).entries += 1;
            }
            self.entries.insert((child, page), entry);
        }
    }

    /// Unmaps everything.
    pub fn exit(&mut self, space: u32) {
        let pages: Vec<u32> = self.entries.range((space, 0)..=(space, u32::MAX)).map(|(&(_, page), _)| page).collect();
        for page in pages {
            self.unmap(space, page);
        }
    }

    /// Reads a page; one that is on a device comes back before.
    pub fn read(&mut self, space: u32, page: u32) -> Result<u8, Refusal> {
        match self.allowed(space, page, Rights::Read)?.frame {
            Some(frame) => self.move_to_ram(frame).map(|frame| self.content(frame)),
            None => Ok(0),
        }
    }

    /// Writes a page; one that is on a device comes back before. One without a frame gets one, and one that is shared is
    /// copied.
    pub fn write(&mut self, space: u32, page: u32, content: u8) -> Result<(), Refusal> {
        let entry = self.allowed(space, page, Rights::ReadWrite)?;
        let frame = entry.frame.map(|frame| self.move_to_ram(frame)).transpose()?;
        let frame = match frame {
            Some(frame) if self.entries_of(frame) == 1 => frame,
            shared => {
                let new = self.allocate(RAM, 1)?;
                shared.into_iter().for_each(|frame| self.put(frame));
                new
            }
        };
        self.used(frame).content = content;
        self.entries.insert((space, page), Entry { frame: Some(frame), written: true, ..entry });
        Ok(())
    }

    /// Migrates a page from one home to another, if it is there and a frame is free; whether it moved. One without a frame
    /// counts as being in RAM.
    pub fn migrate(&mut self, space: u32, page: u32, from: usize, to: usize) -> Result<bool, Refusal> {
        let entry = self.allowed(space, page, Rights::Read)?;
        match entry.frame {
            Some(frame) if frame.home == from => Ok(self.relocate(frame, to).is_ok()),
            None if from == RAM => {
                let Ok(frame) = self.allocate(to, 1) else { return Ok(false) };
                let written = entry.rights == Rights::ReadWrite;
                self.entries.insert((space, page), Entry { frame: Some(frame), written, ..entry });
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }

    /// Reads as a device does, which can touch its own frames and RAM.
    pub fn device_read(&mut self, home: usize, space: u32, page: u32) -> Result<u8, Refusal> {
        let own = self.allowed(space, page, Rights::Read)?.frame.filter(|frame| frame.home == home);
        match own {
            Some(own) => Ok(self.content(own)),
            None => self.read(space, page),
        }
    }

    /// Writes as a device does.
    pub fn device_write(&mut self, home: usize, space: u32, page: u32, content: u8) -> Result<(), Refusal> {
        let entry = self.allowed(space, page, Rights::Read)?;
        let own = entry.frame.filter(|frame| frame.home == home);
        if own.is_some() && !entry.written {
            return Err(Refusal::Fault);
        }
        self.allowed(space, page, Rights::ReadWrite).map_err(|_| Refusal::ReadOnly)?;
        match own {
            Some(own) => self.used(own).content = content,
            None => self.write(space, page, content)?,
        }
        Ok(())
    }

    /// The entry of a page, if it is mapped.
    pub fn look(&self, space: u32, page: u32) -> Option<Entry> {
        self.entries.get(&(space, page)).copied()
    }

    /// What a frame holds; zero where it is free.
    pub fn content(&self, frame: FrameId) -> u8 {
        self.frames[frame.home][frame.number as usize].map_or(0, |frame| frame.content)
    }

    /// How many entries have a frame, as it counts them.
    pub fn entries_of(&self, frame: FrameId) -> u32 {
        self.frames[frame.home][frame.number as usize].map_or(0, |frame| frame.entries)
    }

    /// How many frames of a home are free.
    pub fn free_frames(&self, home: usize) -> u32 {
        let free = self.frames[home].iter().filter(|frame| frame.is_none()).count();
        u32::try_from(free).expect("no more than frames")
    }

    /// The entry of a page that has at least these rights.
    fn allowed(&self, space: u32, page: u32, least: Rights) -> Result<Entry, Refusal> {
        let has = |entry: &Entry| entry.rights == Rights::ReadWrite || entry.rights == least;
        self.look(space, page).filter(has).ok_or(Refusal::Fault)
    }

    /// The frame of a page that is in RAM, or comes back.
    fn move_to_ram(&mut self, frame: FrameId) -> Result<FrameId, Refusal> {
        if frame.home == RAM { Ok(frame) } else { self.relocate(frame, RAM) }
    }

    /// Moves a page to another home, and turns every entry to its new frame.
    fn relocate(&mut self, from: FrameId, home: usize) -> Result<FrameId, Refusal> {
        let old = *self.used(from);
        let to = self.allocate(home, old.entries)?;
        self.used(to).content = old.content;
        let entries = self.entries.values_mut().filter(|entry| entry.frame == Some(from));
        // The fault forgets that other spaces have the page too: their entries become stale.
        let most = if FAULT { 1 } else { usize::MAX };
        entries.take(most).for_each(|entry| entry.frame = Some(to));
        self.frames[from.home][from.number as usize] = None;
        Ok(to)
    }

    fn allocate(&mut self, home: usize, entries: u32) -> Result<FrameId, Refusal> {
        let free = self.frames[home].iter().position(Option::is_none).ok_or(Refusal::NoFrame)?;
        self.frames[home][free] = Some(Frame { content: 0, entries });
        Ok(FrameId { home, number: u32::try_from(free).expect("no more than frames") })
    }

    /// An entry has this frame no longer; the last one frees it.
    fn put(&mut self, frame: FrameId) {
        let used = self.used(frame);
        used.entries -= 1;
        if used.entries == 0 {
            self.frames[frame.home][frame.number as usize] = None;
        }
    }

    fn used(&mut self, frame: FrameId) -> &mut Frame {
        self.frames[frame.home][frame.number as usize].as_mut().expect("an entry has this frame, which is free")
    }
}
