//! Where in a source changes can be made, by the syntax tree.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Result;
use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// A place that can be changed, in bytes of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Site {
    /// The body of a function.
    Body { whole: Range<usize> },
    /// An expression of two operands with an operator between them.
    Binary { whole: Range<usize>, operator: Range<usize> },
    /// An expression of an operator and an operand.
    Unary { whole: Range<usize>, operand: Range<usize> },
    /// An arm: its `match`, where its pattern ends, and its condition, if it has one.
    Arm { whole: Range<usize>, pattern_end: usize, condition: Option<Range<usize>> },
    /// The condition of an arm.
    Guard { whole: Range<usize> },
    /// A field of a struct expression that has a base: the expression, and the field with the comma behind it.
    Field { whole: Range<usize>, field: Range<usize> },
}

/// By where cargo-mutants says that the change begins.
#[derive(Debug, Default)]
pub(super) struct Sites {
    /// All but bodies.
    by_start: BTreeMap<usize, Vec<Site>>,
    /// Bodies of functions.
    bodies: Vec<Range<usize>>,
    /// Where no code runs that could ask for a switch: constants, and what is computed from constants.
    constant: Vec<Range<usize>>,
}

impl Sites {
    /// The places of a source.
    pub(super) fn of(source: &str) -> Result<Sites> {
        let mut sites = Sites::default();
        sites.visit_file(&syn::parse_file(source)?);
        Ok(sites)
    }

    /// The sites that begin where a change does.
    pub(super) fn at(&self, start: usize) -> &[Site] {
        self.by_start.get(&start).map_or(&[], Vec::as_slice)
    }

    /// The smallest body that holds the place.
    pub(super) fn body(&self, place: &Range<usize>) -> Option<Site> {
        let holds = |body: &&Range<usize>| body.start <= place.start && place.end <= body.end;
        let body = self.bodies.iter().filter(holds).min_by_key(|body| body.len())?;
        Some(Site::Body { whole: body.clone() })
    }

    /// Whether the place is computed by the compiler.
    pub(super) fn is_constant(&self, place: &Range<usize>) -> bool {
        self.constant.iter().any(|range| range.start <= place.start && place.end <= range.end)
    }

    fn add(&mut self, start: Span, site: Site) {
        self.by_start.entry(bytes(start).start).or_default().push(site);
    }

    fn function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        self.bodies.push(bytes(body.span()));
        if signature.constness.is_some() {
            self.constant.push(bytes(body.span()));
        }
    }
}

fn bytes(span: Span) -> Range<usize> {
    span.byte_range()
}

/// Whether a condition binds names, so that it is more than an expression.
fn binds(expression: &syn::Expr) -> bool {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are expressions")]
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(both) => binds(&both.left) || binds(&both.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Sites {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.constant.push(bytes(item.span()));
        visit::visit_item_const(self, item);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.constant.push(bytes(item.span()));
        visit::visit_impl_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.constant.push(bytes(item.span()));
        visit::visit_item_static(self, item);
    }

    fn visit_expr_const(&mut self, block: &'ast syn::ExprConst) {
        self.constant.push(bytes(block.span()));
        visit::visit_expr_const(self, block);
    }

    fn visit_type_array(&mut self, array: &'ast syn::TypeArray) {
        self.constant.push(bytes(array.len.span()));
        visit::visit_type_array(self, array);
    }

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.constant.push(bytes(repeat.len.span()));
        visit::visit_expr_repeat(self, repeat);
    }

    fn visit_expr_binary(&mut self, both: &'ast syn::ExprBinary) {
        if !binds(&both.left) && !binds(&both.right) {
            let (whole, operator) = (bytes(both.span()), bytes(both.op.span()));
            self.add(both.op.span(), Site::Binary { whole, operator });
        }
        visit::visit_expr_binary(self, both);
    }

    fn visit_expr_unary(&mut self, one: &'ast syn::ExprUnary) {
        self.add(one.op.span(), Site::Unary { whole: bytes(one.span()), operand: bytes(one.expr.span()) });
        visit::visit_expr_unary(self, one);
    }

    fn visit_expr_match(&mut self, chosen: &'ast syn::ExprMatch) {
        for arm in &chosen.arms {
            let condition = arm.guard.as_ref().map(|(_, condition)| condition);
            if condition.is_some_and(|condition| binds(condition)) {
                continue;
            }
            let condition = condition.map(|condition| bytes(condition.span()));
            if let Some(whole) = condition.clone() {
                self.by_start.entry(whole.start).or_default().push(Site::Guard { whole });
            }
            let (whole, pattern_end) = (bytes(chosen.span()), bytes(arm.pat.span()).end);
            self.add(arm.span(), Site::Arm { whole, pattern_end, condition });
        }
        visit::visit_expr_match(self, chosen);
    }

    fn visit_expr_struct(&mut self, made: &'ast syn::ExprStruct) {
        if made.rest.is_some() {
            let whole = bytes(made.span());
            for pair in made.fields.pairs() {
                let (value, comma) = pair.into_tuple();
                let mut field = bytes(value.span());
                field.end = comma.map_or(field.end, |comma| bytes(comma.span()).end);
                self.add(value.span(), Site::Field { whole: whole.clone(), field });
            }
        }
        visit::visit_expr_struct(self, made);
    }
}
