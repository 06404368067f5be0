//! How large a module and its parts may be. Checked before anything is allocated for them.

use super::segments;

/// Upper bounds on a module. The numbers that wasmi's strict limits also know are at most
/// theirs, so that the message comes from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleLimits {
    /// Bytes of the whole module.
    pub module_bytes: u64,
    /// Function types.
    pub types: u32,
    /// Parameters of a function or block.
    pub params: u32,
    /// Results of a function or block.
    pub results: u32,
    /// Imports.
    pub imports: u32,
    /// Exports.
    pub exports: u32,
    /// Functions, imported ones included.
    pub functions: u32,
    /// Globals.
    pub globals: u32,
    /// Tables.
    pub tables: u32,
    /// Elements of all tables together. A larger declared maximum is lowered to this.
    pub table_elements: u32,
    /// Element segments.
    pub element_segments: u32,
    /// Data segments, once [those beside each other](super::segments) are joined.
    pub data_segments: u32,
    /// Pages of 65,536 bytes. A larger declared maximum is lowered to this.
    pub memory_pages: u32,
    /// Bytes of one function's body.
    pub function_bytes: u32,
    /// Locals of one function, without its parameters.
    pub locals: u32,
    /// Targets of one `br_table`.
    pub br_table_targets: u32,
    /// Blocks inside each other in one function.
    pub nesting: u32,
    /// `memory.grow` and `table.grow` in all functions together. In front of each, metering puts
    /// a kilobyte of code, see [`meter`](super::meter).
    pub growths: u32,
    /// Instructions of one constant expression; they are evaluated by recursion.
    pub const_expr_ops: u32,
    /// Bytes of one import's or export's name.
    pub name_bytes: u32,
    /// Custom sections, all of which are dropped.
    pub custom_sections: u32,
    /// Bytes that functions must have on average, in modules with 1,000 bytes of code or more:
    /// very many very small functions cost the host more than they cost to send.
    pub function_bytes_average_min: u32,
}

impl Default for ModuleLimits {
    fn default() -> Self {
        Self {
            module_bytes: 16 << 20,
            types: 4096,
            params: 32,
            results: 32,
            imports: 256,
            exports: 10_000,
            functions: 10_000,
            globals: 1000,
            tables: 8,
            table_elements: 65_536,
            element_segments: 1000,
            data_segments: segments::TAKEN_MAX,
            memory_pages: 256,
            function_bytes: 1 << 20,
            locals: 4096,
            br_table_targets: 16_384,
            nesting: 4096,
            growths: 256,
            const_expr_ops: 16,
            name_bytes: 1024,
            custom_sections: 256,
            function_bytes_average_min: 40,
        }
    }
}

impl ModuleLimits {
    /// The defaults with a memory of at most `bytes`, rounded down to whole pages.
    pub fn with_memory_bytes(bytes: u64) -> Self {
        Self {
            memory_pages: u32::try_from(bytes / super::PAGE_BYTES)
                .unwrap_or(u32::MAX)
                .min(65_536),
            ..Self::default()
        }
    }
}
