//! Random valid modules from a string of random bytes: structured control flow of every kind,
//! with values passing through it.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ElementSection, Elements, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, Instruction as I, MemArg,
    MemorySection, MemoryType, Module, RefType, TableSection, TableType, TypeSection, ValType,
};

/// Parameters of `run`, the export to call.
pub const PARAMS: [ValType; 3] = [ValType::I32, ValType::I64, ValType::F64];
const GLOBALS: [ValType; 4] = [ValType::I32, ValType::I64, ValType::F64, ValType::F32];
const LOCALS: [ValType; 6] = [
    ValType::I32,
    ValType::I64,
    ValType::F64,
    ValType::I32,
    ValType::F32,
    ValType::FUNCREF,
];
const VALUES: [ValType; 4] = [ValType::I32, ValType::I64, ValType::F64, ValType::F32];
/// What `soil` leaves on the interpreter's stack.
pub const SOIL: u64 = 0x5a5a_5a5a_5a5a_5a5a;
/// Locals of `soil`, an export to call before `run`.
const SOILED: u32 = 500;
const DEPTH_MAX: usize = 7;
/// More than this and the pass lets them be.
const OPERANDS_MAX: usize = 20;
const INSTRUCTIONS_MAX: usize = 400;

type Signature = (Vec<ValType>, Vec<ValType>);

/// A module that exports its memory, its globals, `_start` and `run`. With `barriers`, the same
/// in a shape that wasmi translates rightly: see there.
pub fn module(choices: &[u8], barriers: bool) -> Vec<u8> {
    let mut choices = Choices(choices);
    let count = 2 + choices.below(4);
    let mut signatures: Vec<Signature> = Vec::new();
    for _ in 0..count {
        let params = choices.types(3);
        let results = choices.types(2);
        signatures.push((params, results));
    }
    // `_start` and `run` come last, so that they may call the others.
    signatures.push((vec![], vec![]));
    signatures.push((PARAMS.to_vec(), choices.types(3)));
    let mut types = Types(signatures.clone());
    let mut bodies: Vec<Function> = (0..signatures.len())
        .map(|index| Body::generate(&mut choices, &mut types, &signatures, index, barriers))
        .collect();
    bodies.push(soiling());
    assemble(&signatures, &types, &bodies)
}

/// Leaves the interpreter's stack full of what is not zero, so that a read of what was never
/// written there is seen.
fn soiling() -> Function {
    let mut function = Function::new([(SOILED, ValType::I64)]);
    for local in 0..SOILED {
        function.instruction(&I::I64Const(SOIL.cast_signed()));
        function.instruction(&I::LocalSet(local));
    }
    function.instruction(&I::End);
    function
}

fn assemble(signatures: &[Signature], types: &Types, bodies: &[Function]) -> Vec<u8> {
    let mut module = Module::new();
    let mut section = TypeSection::new();
    for (params, results) in &types.0 {
        section
            .ty()
            .function(params.iter().copied(), results.iter().copied());
    }
    module.section(&section);
    let mut section = FunctionSection::new();
    for index in 0..signatures.len() {
        section.function(index as u32);
    }
    // The type of `_start`.
    section.function(signatures.len() as u32 - 2);
    module.section(&section);
    let mut section = TableSection::new();
    section.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 8,
        maximum: Some(8),
        shared: false,
    });
    module.section(&section);
    let mut section = MemorySection::new();
    section.memory(MemoryType {
        minimum: 1,
        maximum: Some(2),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    module.section(&section);
    let mut section = GlobalSection::new();
    for ty in GLOBALS {
        let global = GlobalType {
            val_type: ty,
            mutable: true,
            shared: false,
        };
        section.global(
            global,
            &match ty {
                ValType::I32 => ConstExpr::i32_const(7),
                ValType::I64 => ConstExpr::i64_const(-9),
                ValType::F32 => ConstExpr::f32_const(1.5),
                _ => ConstExpr::f64_const(-0.25),
            },
        );
    }
    module.section(&section);
    let mut section = ExportSection::new();
    section.export("memory", ExportKind::Memory, 0);
    for index in 0..GLOBALS.len() as u32 {
        section.export(&format!("g{index}"), ExportKind::Global, index);
    }
    let last = signatures.len() as u32 - 1;
    section.export("_start", ExportKind::Func, last - 1);
    section.export("run", ExportKind::Func, last);
    section.export("soil", ExportKind::Func, last + 1);
    module.section(&section);
    let mut section = ElementSection::new();
    let functions: Vec<u32> = (0..last - 1).collect();
    section.active(
        None,
        &ConstExpr::i32_const(1),
        Elements::Functions(functions.into()),
    );
    module.section(&section);
    let mut section = CodeSection::new();
    for body in bodies {
        section.function(body);
    }
    module.section(&section);
    let mut section = DataSection::new();
    section.active(
        0,
        &ConstExpr::i32_const(16),
        b"the quick brown fox".iter().copied(),
    );
    module.section(&section);
    module.finish()
}

/// Decisions, drawn from bytes; when they run out, every one is the first.
struct Choices<'c>(&'c [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> usize {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                usize::from(*first)
            }
            None => 0,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.byte() % bound
    }

    fn types(&mut self, max: usize) -> Vec<ValType> {
        let count = self.below(max + 1);
        (0..count)
            .map(|_| VALUES[self.below(VALUES.len())])
            .collect()
    }
}

struct Types(Vec<Signature>);

impl Types {
    fn block(&mut self, signature: &Signature) -> BlockType {
        match (&signature.0[..], &signature.1[..]) {
            ([], []) => return BlockType::Empty,
            ([], [ty]) => return BlockType::Result(*ty),
            _ => {}
        }
        let index = self.0.iter().position(|known| known == signature);
        BlockType::FunctionType(index.unwrap_or_else(|| {
            self.0.push(signature.clone());
            self.0.len() - 1
        }) as u32)
    }
}

struct Frame {
    label: Vec<ValType>,
    results: Vec<ValType>,
    base: usize,
}

struct Body<'b, 'c> {
    choices: &'b mut Choices<'c>,
    types: &'b mut Types,
    signatures: &'b [Signature],
    index: usize,
    barriers: bool,
    params: usize,
    function: Function,
    emitted: usize,
    frames: Vec<Frame>,
    stack: Vec<ValType>,
}

impl<'b, 'c> Body<'b, 'c> {
    fn generate(
        choices: &'b mut Choices<'c>,
        types: &'b mut Types,
        signatures: &'b [Signature],
        index: usize,
        barriers: bool,
    ) -> Function {
        let (params, results) = &signatures[index];
        let mut body = Self {
            choices,
            types,
            signatures,
            index,
            barriers,
            params: params.len(),
            function: Function::new(LOCALS.map(|ty| (1, ty))),
            emitted: 0,
            frames: vec![Frame {
                label: results.clone(),
                results: results.clone(),
                base: 0,
            }],
            stack: Vec::new(),
        };
        body.content();
        body.emit(&I::End);
        body.function
    }

    fn emit(&mut self, instruction: &I<'_>) {
        self.emitted += 1;
        self.function.instruction(instruction);
    }

    fn local(&mut self, ty: ValType) -> u32 {
        let own = LOCALS.iter().position(|local| *local == ty).unwrap();
        (self.params + own) as u32
    }

    /// Statements up to the frame's end, with its results on the stack there.
    fn content(&mut self) {
        let statements = match self.frames.len() {
            1 => 4 + self.choices.below(16),
            _ => self.choices.below(10),
        };
        for _ in 0..statements {
            if self.emitted > INSTRUCTIONS_MAX {
                break;
            }
            if !self.statement() {
                return;
            }
        }
        let results = self.frames.last().unwrap().results.clone();
        self.arrange(&results, true);
    }

    fn base(&self) -> usize {
        self.frames.last().unwrap().base
    }

    /// Makes the top of the stack be of these types, and with `exact` nothing else.
    fn arrange(&mut self, types: &[ValType], exact: bool) {
        let base = self.base();
        let fits = |stack: &[ValType]| stack[base..].ends_with(types);
        if fits(&self.stack) && (!exact || self.stack.len() - base == types.len()) {
            return;
        }
        while exact && self.stack.len() > base {
            self.stack.pop();
            self.emit(&I::Drop);
        }
        for ty in types {
            self.push(*ty);
        }
    }

    fn push(&mut self, ty: ValType) {
        let choice = self.choices.below(4);
        let number = self.choices.byte() as i32 - 100;
        let local = self.local(ty);
        match (ty, choice) {
            (ValType::I32, 0) => self.emit(&I::I32Const(number)),
            (ValType::I64, 0) => self.emit(&I::I64Const(i64::from(number) << 30)),
            (ValType::F64, 0) => self.emit(&I::F64Const(f64::from(number) / 3.0)),
            (ValType::F32, 0) => self.emit(&I::F32Const(number as f32 / 3.0)),
            (ty, 1) => {
                let global = GLOBALS.iter().position(|global| *global == ty).unwrap();
                self.emit(&I::GlobalGet(global as u32));
            }
            _ => self.emit(&I::LocalGet(local)),
        }
        self.stack.push(ty);
    }

    fn pop_to_local(&mut self) {
        if self.stack.len() > self.base() {
            let ty = self.stack.pop().unwrap();
            let local = self.local(ty);
            self.emit(&I::LocalSet(local));
        }
    }

    fn condition(&mut self) {
        self.arrange(&[ValType::I32], false);
        self.condition_on_top();
    }

    /// Makes the top a condition that is no constant to the translator: it would fold the
    /// branch, but charge for what is never reached.
    fn condition_on_top(&mut self) {
        self.arithmetic(ValType::I32);
        let local = self.local(ValType::I32);
        self.emit(&I::LocalSet(local));
        self.emit(&I::LocalGet(local));
    }

    /// Combines the top with one more. Divisors are no constants: where the translator sees
    /// that a trap is certain, it takes what follows for unreachable, but charges for it.
    fn arithmetic(&mut self, ty: ValType) {
        let choice = self.choices.below(6);
        if choice == 3 {
            let local = self.local(ty);
            self.emit(&I::LocalGet(local));
        } else {
            self.push(ty);
            self.stack.pop();
        }
        self.emit(&match (ty, choice) {
            (ValType::I32, 0) => I::I32Add,
            (ValType::I32, 1) => I::I32Xor,
            (ValType::I32, 2) => I::I32LtS,
            (ValType::I32, 3) => I::I32DivU,
            (ValType::I32, 4) => I::I32And,
            (ValType::I32, _) => I::I32Sub,
            (ValType::I64, 0) => I::I64Add,
            (ValType::I64, 1) => I::I64Mul,
            (ValType::I64, 2) => I::I64Xor,
            (ValType::I64, 3) => I::I64DivS,
            (ValType::I64, _) => I::I64Sub,
            (ValType::F32, 0) => I::F32Add,
            (ValType::F32, _) => I::F32Mul,
            (_, 0) => I::F64Add,
            (_, 1) => I::F64Div,
            (_, _) => I::F64Sub,
        });
    }

    /// One step; `false` when nothing after it in this frame can be reached.
    fn statement(&mut self) -> bool {
        while self.stack.len() > self.base() + OPERANDS_MAX {
            self.stack.pop();
            self.emit(&I::Drop);
        }
        match self.choices.below(24) {
            0..=2 => {
                let ty = VALUES[self.choices.below(VALUES.len())];
                self.push(ty);
            }
            3..=5 => {
                let ty = VALUES[self.choices.below(VALUES.len())];
                self.arrange(&[ty], false);
                self.arithmetic(ty);
            }
            6 | 7 => self.pop_to_local(),
            8 => self.memory(),
            9..=12 => self.nested(),
            13..=15 => self.branch_if(),
            16 | 17 => self.call(),
            18 => {
                let ty = VALUES[self.choices.below(VALUES.len())];
                self.arrange(&[ty], false);
                self.stack.pop();
                let global = GLOBALS.iter().position(|global| *global == ty).unwrap();
                self.emit(&I::GlobalSet(global as u32));
            }
            19 => {
                self.arrange(&[ValType::I64, ValType::I64], false);
                self.condition();
                self.stack.pop();
                self.stack.pop();
                if self.barriers {
                    self.function.instruction(&I::Block(BlockType::Empty));
                    self.function.instruction(&I::End);
                }
                self.emit(&I::Select);
            }
            20 => {
                for _ in 0..self.choices.below(40) {
                    let local = self.local(ValType::I32);
                    self.emit(&I::LocalGet(local));
                    self.emit(&I::LocalSet(local));
                }
            }
            21 if self.frames.len() > 1 => return self.leave(),
            _ => self.exchange(),
        }
        true
    }

    /// Takes what lies on the stack through conversions.
    fn exchange(&mut self) {
        self.arrange(&[ValType::I64], false);
        self.stack.pop();
        self.stack.push(ValType::I32);
        self.emit(&I::I32WrapI64);
    }

    fn memory(&mut self) {
        let argument = MemArg {
            offset: self.choices.byte() as u64 * 263,
            align: 0,
            memory_index: 0,
        };
        match self.choices.below(4) {
            0 => {
                let address = self.local(ValType::I32);
                self.emit(&I::LocalGet(address));
                self.emit(&I::I64Load(argument));
                self.stack.push(ValType::I64);
            }
            1 => {
                let address = self.local(ValType::I32);
                self.emit(&I::LocalGet(address));
                self.push(ValType::F64);
                self.emit(&I::F64Store(argument));
                self.stack.pop();
            }
            2 => {
                // Short enough to cost no fuel of its own.
                for value in [40, 16, 19] {
                    self.emit(&I::I32Const(value));
                }
                self.emit(&I::MemoryCopy {
                    src_mem: 0,
                    dst_mem: 0,
                });
            }
            _ => {
                self.emit(&I::MemorySize(0));
                self.stack.push(ValType::I32);
            }
        }
    }

    fn nested(&mut self) {
        if self.frames.len() >= DEPTH_MAX {
            return;
        }
        let kind = self.choices.below(4);
        if kind >= 2 {
            self.condition();
            self.stack.pop();
        }
        let own = self.stack.len() - self.base();
        let taken = self.choices.below(3).min(own);
        let base = self.stack.len() - taken;
        let params = self.stack[base..].to_vec();
        let results = if kind == 3 {
            params.clone()
        } else {
            self.choices.types(2)
        };
        let ty = self.types.block(&(params.clone(), results.clone()));
        let label = if kind == 1 { &params } else { &results };
        self.frames.push(Frame {
            label: label.clone(),
            results: results.clone(),
            base,
        });
        if self.barriers && !params.is_empty() {
            self.function.instruction(&I::Block(BlockType::Empty));
            self.function.instruction(&I::End);
        }
        match kind {
            0 => self.emit(&I::Block(ty)),
            1 => self.emit(&I::Loop(ty)),
            _ => self.emit(&I::If(ty)),
        }
        self.content();
        if kind == 2 {
            self.emit(&I::Else);
            self.stack.truncate(base);
            self.stack.extend(&params);
            self.content();
        }
        self.emit(&I::End);
        self.frames.pop();
        self.stack.truncate(base);
        self.stack.extend(&results);
    }

    fn target(&mut self) -> (u32, Vec<ValType>) {
        let depth = self.choices.below(self.frames.len());
        let frame = &self.frames[self.frames.len() - 1 - depth];
        (depth as u32, frame.label.clone())
    }

    fn branch_if(&mut self) {
        let (depth, label) = self.target();
        self.arrange(&label, false);
        self.push(ValType::I32);
        self.condition_on_top();
        self.stack.pop();
        self.emit(&I::BrIf(depth));
    }

    fn call(&mut self) {
        if self.index == 0 {
            return;
        }
        let callee = self
            .choices
            .below(self.index.min(self.signatures.len() - 2));
        let (params, results) = self.signatures[callee].clone();
        self.arrange(&params, false);
        if self.choices.below(3) == 0 {
            // Entry 0 is empty, entries from 1 are functions; only earlier ones are of use.
            let entry = self.choices.below(callee + 2);
            self.emit(&I::I32Const(entry as i32));
            self.emit(&I::CallIndirect {
                type_index: callee as u32,
                table_index: 0,
            });
        } else {
            self.emit(&I::Call(callee as u32));
        }
        self.stack.truncate(self.stack.len() - params.len());
        self.stack.extend(results);
    }

    /// Leaves the frame for good, perhaps with code after it that nobody reaches.
    fn leave(&mut self) -> bool {
        match self.choices.below(5) {
            0 => {
                let (depth, label) = self.target();
                self.arrange(&label, false);
                self.emit(&I::Br(depth));
            }
            1 => {
                let (depth, label) = self.target();
                self.arrange(&label, false);
                self.push(ValType::I32);
                self.condition_on_top();
                let alike: Vec<u32> = (0..self.frames.len())
                    .filter(|depth| self.frames[self.frames.len() - 1 - depth].label == label)
                    .map(|depth| depth as u32)
                    .collect();
                let count = self.choices.below(6);
                let targets: Vec<u32> = (0..count)
                    .map(|_| alike[self.choices.below(alike.len())])
                    .collect();
                self.emit(&I::BrTable(targets.into(), depth));
            }
            2 => {
                let results = self.frames[0].label.clone();
                self.arrange(&results, false);
                self.emit(&I::Return);
            }
            3 if self.index > 0 => {
                let wanted = &self.signatures[self.index].1;
                let bound = self.index.min(self.signatures.len() - 2);
                let callee = (0..bound).find(|callee| self.signatures[*callee].1 == *wanted);
                let Some(callee) = callee else { return true };
                let params = self.signatures[callee].0.clone();
                self.arrange(&params, false);
                self.emit(&I::ReturnCall(callee as u32));
            }
            _ => self.emit(&I::Unreachable),
        }
        self.unreachable_code();
        false
    }

    fn unreachable_code(&mut self) {
        for _ in 0..self.choices.below(4) {
            match self.choices.below(5) {
                0 => self.emit(&I::Drop),
                1 => {
                    self.emit(&I::Block(BlockType::Empty));
                    self.emit(&I::Br(0));
                    self.emit(&I::End);
                }
                2 => {
                    self.emit(&I::If(BlockType::Empty));
                    self.emit(&I::Else);
                    self.emit(&I::I32Const(1));
                    self.emit(&I::BrIf(0));
                    self.emit(&I::End);
                }
                3 => self.emit(&I::I64Add),
                _ => {
                    self.emit(&I::Loop(BlockType::Empty));
                    self.emit(&I::Unreachable);
                    self.emit(&I::End);
                }
            }
            self.emit(&I::Unreachable);
        }
    }
}
