//! A memory manager: address spaces of pages that are copied on write. It knows nothing of Stalemap.

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
    /// No frame is free.
    NoFrame,
}

/// A mapped place. One without a frame was not written yet, and reads as zero.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What may be done.
    pub rights: Rights,
    /// The frame of its page.
    pub frame: Option<u32>,
}

/// What a frame holds, and how many entries have it.
#[derive(Clone, Copy, Debug)]
struct Frame {
    content: u8,
    entries: u32,
}

/// Frames of RAM, and the page tables of all spaces by space and page.
pub struct Memory {
    frames: Vec<Option<Frame>>,
    entries: BTreeMap<(u32, u32), Entry>,
}

impl Memory {
    /// This many free frames, and nothing mapped.
    pub fn new(frames: u32) -> Memory {
        Memory { frames: vec![None; frames as usize], entries: BTreeMap::new() }
    }

    /// Maps pages, which get frames when they are written.
    pub fn map(&mut self, space: u32, pages: impl Iterator<Item = u32> + Clone, rights: Rights) -> Result<(), Refusal> {
        if pages.clone().any(|page| self.entries.contains_key(&(space, page))) {
            return Err(Refusal::Mapped);
        }
        self.entries.extend(pages.map(|page| ((space, page), Entry { rights, frame: None })));
        Ok(())
    }

    /// Unmaps a page, if it is mapped.
    pub fn unmap(&mut self, space: u32, page: u32) {
        if let Some(Entry { frame: Some(frame), .. }) = self.entries.remove(&(space, page)) {
            self.put(frame);
        }
    }

    /// Changes the rights of a page, if it is mapped.
    pub fn protect(&mut self, space: u32, page: u32, rights: Rights) {
        if let Some(entry) = self.entries.get_mut(&(space, page)) {
            entry.rights = rights;
        }
    }

    /// Copies the entries of a space; its pages are shared until they are written.
    pub fn fork(&mut self, parent: u32, child: u32) {
        let entries: Vec<(u32, Entry)> =
            self.entries.range((parent, 0)..=(parent, u32::MAX)).map(|(&(_, page), &entry)| (page, entry)).collect();
        for (page, entry) in entries {
            // The fault believes that a page which cannot be written need not be counted.
            let is_counted = !FAULT || entry.rights == Rights::ReadWrite;
            if let Some(frame) = entry.frame.filter(|_| is_counted) {
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

    /// Reads a page.
    pub fn read(&mut self, space: u32, page: u32) -> Result<u8, Refusal> {
        let entry = self.look(space, page).filter(|entry| entry.rights != Rights::None).ok_or(Refusal::Fault)?;
        Ok(entry.frame.map_or(0, |frame| self.content(frame)))
    }

    /// Writes a page. One without a frame gets one, and one that is shared is copied.
    pub fn write(&mut self, space: u32, page: u32, content: u8) -> Result<(), Refusal> {
        let entry = self.look(space, page).filter(|entry| entry.rights == Rights::ReadWrite).ok_or(Refusal::Fault)?;
        if let Some(frame) = entry.frame.filter(|&frame| self.entries_of(frame) == 1) {
            self.used(frame).content = content;
            return Ok(());
        }
        let free = self.frames.iter().position(Option::is_none).ok_or(Refusal::NoFrame)?;
        self.frames[free] = Some(Frame { content, entries: 1 });
        if let Some(shared) = entry.frame {
            self.put(shared);
        }
        let frame = u32::try_from(free).ok();
        self.entries.insert((space, page), Entry { frame, ..entry });
        Ok(())
    }

    /// The entry of a page, if it is mapped.
    pub fn look(&self, space: u32, page: u32) -> Option<Entry> {
        self.entries.get(&(space, page)).copied()
    }

    /// What a frame holds; zero where it is free.
    pub fn content(&self, frame: u32) -> u8 {
        self.frames[frame as usize].map_or(0, |frame| frame.content)
    }

    /// How many entries have a frame, as it counts them.
    pub fn entries_of(&self, frame: u32) -> u32 {
        self.frames[frame as usize].map_or(0, |frame| frame.entries)
    }

    /// How many frames are free.
    pub fn free_frames(&self) -> u32 {
        let free = self.frames.iter().filter(|frame| frame.is_none()).count();
        u32::try_from(free).expect("no more than frames")
    }

    /// An entry has this frame no longer; the last one frees it.
    fn put(&mut self, frame: u32) {
        let used = self.used(frame);
        used.entries -= 1;
        if used.entries == 0 {
            self.frames[frame as usize] = None;
        }
    }

    fn used(&mut self, frame: u32) -> &mut Frame {
        self.frames[frame as usize].as_mut().expect("an entry has this frame, which is free")
    }
}
