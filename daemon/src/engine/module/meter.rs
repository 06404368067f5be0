//! Makes fuel follow what is executed.
//!
//! # Why
//!
//! wasmi charges fuel where a function, a `loop`, or an arm of an `if` begins, for everything in
//! it up to the next such place, inner blocks and all that follows them included. An interpreter
//! written as a `br_table` inside nested blocks then pays for all its cases at every step.
//!
//! # How
//!
//! A *segment* is a `loop` that nothing branches to: it runs once, and wasmi charges for its
//! content where it begins. Segments are put around what follows a place where control comes
//! together or may have left:
//!
//! ```text
//! block ... end  a  b  block ... end  c     becomes
//! block ... end  loop a  b  block ... end end  loop c end
//! ```
//!
//! - after the `end` of an inner block, if anything that costs fuel follows, unless control can
//!   only have come straight through it;
//! - after a `br_if`, once more than [`SKIPPABLE_MAX`] instructions have been charged that a
//!   taken branch skips.
//!
//! Segments of one frame lie side by side, so nesting at most doubles. What lies on the operand
//! stack above the frame's own height passes through as parameters and results. Code that cannot
//! be reached is dropped. Running the pass on its own output adds nothing.
//!
//! # Barriers
//!
//! wasmi 2.0.0 mistranslates a block that has parameters, where a `local.get` lies on the stack
//! below them: it skips as many *locals* as there are parameters, not as many operands, when it
//! copies locals to where branches expect them. The guest then reads what was never written.
//! An empty block in front of such a block makes it copy all of them.
//!
//! # Conditions
//!
//! wasmi 2.0.0 mistranslates a `select` whose condition compares with zero what is not in its
//! register: it leaves the comparison out and takes the register for its operand. An empty block
//! between the two has it compare.
//!
//! # Tolls
//!
//! What wasmi charges too little for is paid beforehand: [`super::toll`].

use super::Refusal;
use super::toll;
use std::collections::HashMap;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{Encode, Instruction};
use wasmparser::{
    BlockType, FuncToValidate, FuncType, FuncValidator, FuncValidatorAllocations, FunctionBody,
    Operator, ValType, ValidatorResources,
};

/// Instructions that may be charged although a taken `br_if` skips them, for each segment.
pub const SKIPPABLE_MAX: u32 = 24;

/// Operands that may pass into a segment; where there are more, none begins. wasmi's strict
/// limits allow this many parameters. Compilers leave one or two there.
const OPERANDS_MAX: usize = 32;

/// Function types that may be added to a module.
const ADDED_TYPES_MAX: usize = 1024;

/// An empty block.
const BARRIER: [u8; 3] = [0x02, 0x40, 0x0b];

const OPCODE_LOOP: u8 = 0x03;
const OPCODE_ELSE: u8 = 0x05;
const OPCODE_END: u8 = 0x0b;

/// The function types of a module and those that segments add to them.
pub struct Types {
    types: Vec<FuncType>,
    declared: usize,
    added: HashMap<FuncType, u32>,
}

impl Types {
    /// The types that the module declares.
    pub fn new(declared: Vec<FuncType>) -> Self {
        Self {
            declared: declared.len(),
            types: declared,
            added: HashMap::new(),
        }
    }

    /// All of them.
    pub fn into_all(self) -> Vec<FuncType> {
        self.types
    }

    fn has_room(&self) -> bool {
        self.types.len() - self.declared < ADDED_TYPES_MAX
    }

    fn results(&self, ty: BlockType) -> Vec<ValType> {
        match ty {
            BlockType::Empty => Vec::new(),
            BlockType::Type(ty) => vec![ty],
            BlockType::FuncType(index) => self
                .types
                .get(index as usize)
                .map_or_else(Vec::new, |ty| ty.results().to_vec()),
        }
    }

    fn params_len(&self, ty: BlockType) -> usize {
        match ty {
            BlockType::FuncType(index) => self
                .types
                .get(index as usize)
                .map_or(0, |ty| ty.params().len()),
            _ => 0,
        }
    }

    /// The block type of a segment.
    fn segment(&mut self, params: &[ValType], results: &[ValType]) -> BlockType {
        match (params, results) {
            ([], []) => BlockType::Empty,
            ([], [ty]) => BlockType::Type(*ty),
            _ => {
                let ty = FuncType::new(params.iter().copied(), results.iter().copied());
                let types = &mut self.types;
                BlockType::FuncType(*self.added.entry(ty).or_insert_with_key(|ty| {
                    types.push(ty.clone());
                    // Declared and added types are both bounded far below 2^32.
                    u32::try_from(types.len() - 1).unwrap_or(u32::MAX)
                }))
            }
        }
    }
}

/// Rewrites one body: its bytes as they stand in the code section, without the length before
/// them.
///
/// # Errors
///
/// When the body is not valid.
pub fn body(
    types: &mut Types,
    function: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    allocations: FuncValidatorAllocations,
) -> Result<(Vec<u8>, FuncValidatorAllocations), Refusal> {
    let runs = runs(body)?;
    let function_type = BlockType::FuncType(function.ty);
    let mut validator = function.into_validator(allocations);
    let mut reader = body.get_binary_reader();
    let bytes = {
        let start = reader.original_position();
        let mut whole = reader.clone();
        let len = whole.bytes_remaining();
        (start, whole.read_bytes(len)?)
    };
    validator.read_locals(&mut reader)?;
    let mut operators = body.get_operators_reader()?;
    let code_start = operators.original_position();
    let mut pass = Pass {
        types,
        validator,
        out: bytes.1[..code_start - bytes.0].to_vec(),
        holes: Vec::new(),
        frames: vec![Frame::new(FrameKind::Block, function_type, 0, 0)],
        open: 0,
        dead: None,
        runs: runs.into_iter(),
        skippable: 0,
        barrier_at: 0,
        last: Last::Other,
    };
    pass.out.reserve(bytes.1.len() + bytes.1.len() / 8);
    let toll = toll::of_locals(pass.validator.len_locals());
    if !bytes.1[code_start - bytes.0..].starts_with(&toll) {
        pass.out.extend_from_slice(&toll);
    }
    while !operators.eof() {
        let start = operators.original_position();
        let operator = operators.read()?;
        let end = operators.original_position();
        pass.step(start, &operator, &bytes.1[start - bytes.0..end - bytes.0])?;
    }
    let Pass {
        mut validator,
        out,
        holes,
        ..
    } = pass;
    validator.finish(operators.original_position())?;
    Ok((fill(&out, &holes)?, validator.into_allocations()))
}

/// For each `end` and each `br_if` in order, the fuel of what follows up to the next place
/// where wasmi, or a segment, would charge anew.
fn runs(body: &FunctionBody<'_>) -> Result<Vec<u32>, Refusal> {
    let mut runs = Vec::new();
    let mut counting = false;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let operator = operators.read()?;
        if counting && let Some(run) = runs.last_mut() {
            *run += cost(&operator);
        }
        match operator {
            Operator::End | Operator::BrIf { .. } => {
                runs.push(0u32);
                counting = true;
            }
            Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::Unreachable => counting = false,
            _ => {}
        }
    }
    Ok(runs)
}

/// What wasmi charges for an instruction by default.
pub(super) fn cost(operator: &Operator<'_>) -> u32 {
    match operator {
        Operator::Nop
        | Operator::Drop
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::Else
        | Operator::End
        | Operator::Return
        | Operator::Unreachable => 0,
        _ => 1,
    }
}

/// A frame of the body as it was.
struct Frame {
    ty: BlockType,
    kind: FrameKind,
    /// Whether its end is reached: from a branch, or from its first arm.
    end_is_reached: bool,
    /// Whether control runs straight through, and fuel is charged nowhere inside.
    is_straight: bool,
    /// Where its content begins in the output.
    content_at: usize,
    /// The operands that its open segment took, if one is open.
    segment: Option<Segment>,
    /// Segments that are open in the frames around it.
    open_around: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FrameKind {
    Block,
    Loop,
    If,
    Else,
}

struct Segment {
    /// Index of the hole where its type belongs.
    hole: usize,
    params: Vec<ValType>,
}

impl Frame {
    fn new(kind: FrameKind, ty: BlockType, open_around: u32, content_at: usize) -> Self {
        Self {
            ty,
            kind,
            end_is_reached: false,
            is_straight: kind == FrameKind::Block,
            content_at,
            segment: None,
            open_around,
        }
    }
}

/// Code that cannot be reached, and is dropped.
struct Dead {
    /// Blocks opened in it.
    depth: u32,
    /// Whether the validator knows: if not, an `unreachable` takes the place of the code.
    is_told: bool,
}

/// A block type that is known only when the block ends.
struct Hole {
    at: usize,
    ty: BlockType,
}

struct Pass<'t> {
    types: &'t mut Types,
    validator: FuncValidator<ValidatorResources>,
    out: Vec<u8>,
    holes: Vec<Hole>,
    frames: Vec<Frame>,
    /// Segments that are open in all frames.
    open: u32,
    /// In code that cannot be reached.
    dead: Option<Dead>,
    runs: std::vec::IntoIter<u32>,
    /// What the charge in force covers although a `br_if` may skip it; at least 1 after one.
    skippable: u32,
    /// Where in the output the last empty block ended.
    barrier_at: usize,
    last: Last,
}

/// What was written last, as far as a `select` must know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Other,
    /// The number 0, or that and a local.
    Zero,
    /// A comparison with 0.
    Compared,
}

impl Last {
    fn then(self, operator: &Operator<'_>) -> Self {
        match (operator, self) {
            (Operator::Nop, last) => last,
            (Operator::I32Const { value: 0 }, _) | (Operator::LocalGet { .. }, Self::Zero) => {
                Self::Zero
            }
            (Operator::I32Eqz, _) | (Operator::I32Eq | Operator::I32Ne, Self::Zero) => {
                Self::Compared
            }
            _ => Self::Other,
        }
    }
}

impl Pass<'_> {
    fn step(
        &mut self,
        offset: usize,
        operator: &Operator<'_>,
        bytes: &[u8],
    ) -> Result<(), Refusal> {
        let run = match operator {
            Operator::End | Operator::BrIf { .. } => self.runs.next().unwrap_or(0),
            _ => 0,
        };
        if !self.is_kept(operator) {
            self.validator.op(offset, operator)?;
            return Ok(());
        }
        let ends_alive = self.dead.take().is_none();
        if matches!(operator, Operator::Else | Operator::End) {
            self.close_segment_at_end();
        }
        let needs_barrier = self.needs_barrier(operator);
        self.validator.op(offset, operator)?;
        let last = std::mem::replace(&mut self.last, Last::Other);
        self.last = last.then(operator);
        match operator {
            Operator::Block { blockty } => {
                self.open(FrameKind::Block, *blockty, needs_barrier, bytes);
            }
            Operator::Loop { blockty } => {
                self.open(FrameKind::Loop, *blockty, needs_barrier, bytes);
            }
            Operator::If { blockty } => {
                self.open(FrameKind::If, *blockty, needs_barrier, bytes);
            }
            Operator::Else => {
                self.out.push(OPCODE_ELSE);
                self.skippable = 0;
                if let Some(frame) = self.frames.last_mut() {
                    frame.kind = FrameKind::Else;
                    frame.end_is_reached |= ends_alive;
                }
            }
            Operator::End => {
                self.out.push(OPCODE_END);
                let Some(frame) = self.frames.pop() else {
                    return Ok(());
                };
                let reached = ends_alive
                    || match frame.kind {
                        FrameKind::Block | FrameKind::Else => frame.end_is_reached,
                        FrameKind::If => true,
                        FrameKind::Loop => false,
                    };
                if frame.ty == BlockType::Empty
                    && frame.kind == FrameKind::Block
                    && frame.content_at + 1 == self.out.len()
                {
                    self.barrier_at = self.out.len();
                }
                if self.frames.is_empty() {
                    return Ok(());
                }
                if !reached {
                    // The validator holds what follows for reachable, wasmi knows better, and
                    // would charge for it without ever running it.
                    self.dead = Some(Dead {
                        depth: 0,
                        is_told: false,
                    });
                    return Ok(());
                }
                if !frame.is_straight {
                    self.is_not_straight();
                    if run > 0 {
                        self.cut();
                    }
                } else if self.skippable > 0 {
                    self.skip(run);
                }
            }
            Operator::Br { relative_depth } => {
                self.reach(*relative_depth);
                self.emit(&Instruction::Br(self.depth(*relative_depth)));
            }
            Operator::BrIf { relative_depth } => {
                self.reach(*relative_depth);
                self.emit(&Instruction::BrIf(self.depth(*relative_depth)));
                self.is_not_straight();
                self.skippable = self.skippable.max(1);
                self.skip(run);
            }
            Operator::BrTable { targets } => {
                let depths = targets
                    .targets()
                    .map(|depth| Ok(self.depth(depth?)))
                    .collect::<Result<Vec<u32>, wasmparser::BinaryReaderError>>()?;
                for depth in targets.targets() {
                    self.reach(depth?);
                }
                self.reach(targets.default());
                let default = self.depth(targets.default());
                self.emit(&Instruction::BrTable(depths.into(), default));
            }
            Operator::MemoryGrow { .. } | Operator::TableGrow { .. } => {
                if !self.out.ends_with(&toll::GROWTH) {
                    self.out.extend_from_slice(&toll::GROWTH);
                }
                self.out.extend_from_slice(bytes);
            }
            Operator::Select | Operator::TypedSelect { .. } => {
                if last == Last::Compared {
                    self.barrier();
                }
                self.out.extend_from_slice(bytes);
            }
            _ => self.out.extend_from_slice(bytes),
        }
        // The last `end` leaves no frame.
        if let Some(frame) = self.validator.get_control_frame(0)
            && frame.unreachable
        {
            self.is_not_straight();
            self.dead = Some(Dead {
                depth: 0,
                is_told: true,
            });
        }
        Ok(())
    }

    fn open(&mut self, kind: FrameKind, ty: BlockType, needs_barrier: bool, bytes: &[u8]) {
        if needs_barrier {
            self.barrier();
        }
        self.out.extend_from_slice(bytes);
        self.frames
            .push(Frame::new(kind, ty, self.open, self.out.len()));
        if kind != FrameKind::Block {
            self.skippable = 0;
        }
    }

    /// Makes sure that an empty block is what was written last.
    fn barrier(&mut self) {
        if self.barrier_at != self.out.len() {
            self.out.extend_from_slice(&BARRIER);
            self.barrier_at = self.out.len();
        }
    }

    /// Whether this is a block with parameters that has operands below them.
    fn needs_barrier(&self, operator: &Operator<'_>) -> bool {
        let (ty, conditions) = match operator {
            Operator::Block { blockty } | Operator::Loop { blockty } => (*blockty, 0),
            Operator::If { blockty } => (*blockty, 1),
            _ => return false,
        };
        let params = self.types.params_len(ty);
        params > 0 && self.validator.operand_stack_height() as usize > params + conditions
    }

    /// Notes that control may leave the innermost frame, or that it is charged inside.
    fn is_not_straight(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.is_straight = false;
        }
    }

    /// Lets a `br_if` skip this much more, or begins a new segment if that is too much.
    fn skip(&mut self, run: u32) {
        if self.skippable.saturating_add(run) <= SKIPPABLE_MAX {
            self.skippable += run;
        } else if run > 0 {
            self.cut();
        }
    }

    /// Notes a branch to the frame at this depth.
    fn reach(&mut self, depth: u32) {
        let index = self.frames.len().checked_sub(1 + depth as usize);
        if let Some(frame) = index.and_then(|index| self.frames.get_mut(index)) {
            frame.end_is_reached |= frame.kind != FrameKind::Loop;
        }
    }

    /// Whether this instruction is to be kept: it can be reached, or it ends what cannot.
    fn is_kept(&mut self, operator: &Operator<'_>) -> bool {
        let Some(dead) = &mut self.dead else {
            return true;
        };
        match operator {
            Operator::End | Operator::Else if dead.depth == 0 => return true,
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                dead.depth += 1;
            }
            Operator::End => dead.depth -= 1,
            _ => {}
        }
        if !dead.is_told {
            dead.is_told = true;
            self.emit(&Instruction::Unreachable);
        }
        false
    }

    /// A branch's depth with the segments that it now leaves as well.
    fn depth(&self, depth: u32) -> u32 {
        let target = self
            .frames
            .len()
            .checked_sub(1 + depth as usize)
            .and_then(|index| self.frames.get(index));
        // Validated before: there is a target.
        depth + target.map_or(0, |frame| self.open - frame.open_around)
    }

    fn emit(&mut self, instruction: &Instruction<'_>) {
        instruction.encode(&mut self.out);
    }

    /// Ends the charge in force here and begins a new segment, where that is possible.
    fn cut(&mut self) {
        let Some(operands) = self.operands() else {
            return;
        };
        if !self.types.has_room() {
            return;
        }
        self.close_segment(&operands);
        let height = self.validator.operand_stack_height() as usize;
        if !operands.is_empty() && height > operands.len() {
            self.barrier();
        }
        self.out.push(OPCODE_LOOP);
        self.holes.push(Hole {
            at: self.out.len(),
            ty: BlockType::Empty,
        });
        let segment = Segment {
            hole: self.holes.len() - 1,
            params: operands,
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.segment = Some(segment);
            frame.is_straight = false;
            self.open += 1;
        }
        self.skippable = 0;
    }

    /// What lies on the operand stack above the frame's height; `None` where that is too much,
    /// or where nothing can be reached.
    fn operands(&self) -> Option<Vec<ValType>> {
        let frame = self.validator.get_control_frame(0)?;
        if frame.unreachable {
            return None;
        }
        let height = self.validator.operand_stack_height() as usize;
        let count = height.checked_sub(frame.height)?;
        if count > OPERANDS_MAX {
            return None;
        }
        (0..count)
            .rev()
            .map(|depth| self.validator.get_operand_type(depth).flatten())
            .collect()
    }

    fn close_segment(&mut self, results: &[ValType]) {
        let Some(segment) = self
            .frames
            .last_mut()
            .and_then(|frame| frame.segment.take())
        else {
            return;
        };
        self.out.push(OPCODE_END);
        self.open -= 1;
        self.holes[segment.hole].ty = self.types.segment(&segment.params, results);
    }

    /// Closes the segment that runs up to the end of its frame, or of its frame's first arm.
    fn close_segment_at_end(&mut self) {
        let Some(frame) = self.frames.last() else {
            return;
        };
        if frame.segment.is_some() {
            let results = self.types.results(frame.ty);
            self.close_segment(&results);
        }
    }
}

/// Puts block types into their holes.
fn fill(out: &[u8], holes: &[Hole]) -> Result<Vec<u8>, Refusal> {
    let mut filled = Vec::with_capacity(out.len() + 2 * holes.len());
    let mut from = 0;
    for hole in holes {
        filled.extend_from_slice(&out[from..hole.at]);
        from = hole.at;
        let ty = RoundtripReencoder
            .block_type(hole.ty)
            .map_err(|error| Refusal::Invalid {
                offset: 0,
                reason: error.to_string(),
            })?;
        ty.encode(&mut filled);
    }
    filled.extend_from_slice(&out[from..]);
    Ok(filled)
}
