//! A module that says the same in the order that compresses best: compression finds what is alike by how near it stands,
//! and writes small numbers shorter than large ones.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use anyhow::{Result, anyhow};
use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{CodeSection, Function, FunctionSection, Instruction, MemArg, Module, ValType};
use wasmparser::{CodeSectionReader, FunctionBody, FunctionSectionReader, Operator, Parser, Payload};

/// How many functions have numbers of one byte; a few are the imported ones'.
const SHORT_NUMBERS: usize = 110;
/// How many bytes are compared at a time.
const SHINGLE: usize = 4;
/// How many samples tell how alike two functions are.
const SAMPLES: usize = 192;
/// What a sample weighs that a function has in common with the last one; half as much with the one before, and so on.
const WEIGHT: u32 = 64;

type Failed = reencode::Error<Infallible>;

/// The module with its local variables and its functions in another order, and nothing else changed.
pub(super) fn arranged(module: &[u8]) -> Result<Vec<u8>> {
    let shape = Shape::of(module)?;
    let module = written(&mut Locals { shape: &shape, function: 0, numbers: Vec::new() }, module)?;
    let order = order(&Shape::of(&module)?);
    let mut places = vec![0; order.len()];
    for (place, function) in (shape.imported..).zip(&order) {
        places[*function] = place;
    }
    written(&mut Functions { imported: shape.imported, order, places }, &module)
}

fn written(arrangement: &mut impl Reencode<Error = Infallible>, module: &[u8]) -> Result<Vec<u8>> {
    let mut out = Module::new();
    arrangement
        .parse_core_module(&mut out, Parser::new(0), module)
        .map_err(|error| anyhow!("a part of the portal cannot be written anew: {error}"))?;
    Ok(out.finish())
}

/// What of a module its order depends on.
#[derive(Default)]
struct Shape {
    imported: u32,
    /// How many parameters each function has that is not imported.
    parameters: Vec<u32>,
    bodies: Vec<Vec<u8>>,
    /// How often each is called.
    calls: Vec<u32>,
}

impl Shape {
    fn of(module: &[u8]) -> Result<Self> {
        let mut shape = Self::default();
        let mut types = Vec::new();
        let mut called: HashMap<u32, u32> = HashMap::new();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        types.extend(group?.types().map(|one| match &one.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(function) => function.params().len() as u32,
                            _ => 0,
                        }));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        shape.imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(section) => {
                    for kind in section {
                        shape.parameters.push(types.get(kind? as usize).copied().unwrap_or_default());
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    shape.bodies.push(body.as_bytes().to_vec());
                    for operator in body.get_operators_reader()? {
                        if let Operator::Call { function_index } = operator? {
                            *called.entry(function_index).or_default() += 1;
                        }
                    }
                }
                _ => {}
            }
        }
        let numbers = (shape.imported..).take(shape.bodies.len());
        shape.calls = numbers.map(|number| called.get(&number).copied().unwrap_or_default()).collect();
        Ok(shape)
    }
}

/// The functions that are called most, for their numbers; then each followed by the one that is most like it and those
/// before it.
fn order(shape: &Shape) -> Vec<usize> {
    let mut order: Vec<usize> = (0..shape.bodies.len()).collect();
    order.sort_by_key(|function| std::cmp::Reverse(shape.calls[*function]));
    let mut left = order.split_off(SHORT_NUMBERS.min(order.len()));
    left.sort_by_key(|function| shape.bodies[*function].len());
    let samples: Vec<[u32; SAMPLES]> = shape.bodies.iter().map(|body| samples(body)).collect();
    let mut alike: HashMap<(usize, u32), Vec<usize>> = HashMap::new();
    for function in &left {
        for sample in samples[*function].into_iter().enumerate() {
            alike.entry(sample).or_default().push(*function);
        }
    }
    let mut placed = vec![false; shape.bodies.len()];
    let mut others = left.iter().copied();
    let mut next = others.next();
    let mut common: BTreeMap<usize, u32> = BTreeMap::new();
    while let Some(function) = next {
        placed[function] = true;
        order.push(function);
        common.retain(|other, weight| {
            *weight /= 2;
            *weight > 0 && !placed[*other]
        });
        for sample in samples[function].into_iter().enumerate() {
            let candidates = alike.entry(sample).or_default();
            candidates.retain(|other| !placed[*other]);
            for other in candidates {
                *common.entry(*other).or_default() += WEIGHT;
            }
        }
        let nearest = common.iter().max_by_key(|(other, weight)| (**weight, std::cmp::Reverse(**other)));
        next = nearest.map(|(other, _)| *other).or_else(|| others.find(|other| !placed[*other]));
    }
    order
}

/// Of all that stands in a body, the same few pieces where bodies are alike: for each of many ways to number them, the
/// smallest number.
fn samples(body: &[u8]) -> [u32; SAMPLES] {
    let mut least = [u32::MAX; SAMPLES];
    for piece in body.windows(SHINGLE.min(body.len()).max(1)) {
        let mut number = piece
            .iter()
            .fold(0x811c_9dc5, |number: u32, byte| (number ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        for least in &mut least {
            number = number.wrapping_mul(0x9e37_79b1).rotate_left(13) ^ 0x5bd1_e995;
            *least = number.min(*least);
        }
    }
    least
}

/// Gives the local variables that are used most the smallest numbers, and leaves out those that are not used. That
/// memory is read and written where it suits is only said to be faster, so it is said nowhere.
struct Locals<'m> {
    shape: &'m Shape,
    /// Which function comes next.
    function: usize,
    /// The new numbers of the variables of the function at hand.
    numbers: Vec<u32>,
}

impl Reencode for Locals<'_> {
    type Error = Infallible;

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Failed> {
        let parameters = self.shape.parameters[self.function] as usize;
        self.function += 1;
        let mut kinds: Vec<ValType> = Vec::new();
        for several in body.get_locals_reader()? {
            let (count, kind) = several?;
            let kind = self.val_type(kind)?;
            kinds.extend(std::iter::repeat_n(kind, count as usize));
        }
        let mut uses = vec![0; parameters + kinds.len()];
        for operator in body.get_operators_reader()? {
            if let Operator::LocalGet { local_index }
            | Operator::LocalSet { local_index }
            | Operator::LocalTee { local_index } = operator?
            {
                uses[local_index as usize] += 1;
            }
        }
        self.numbers = (0..uses.len() as u32).collect();
        let mut groups: Vec<(u32, ValType)> = Vec::new();
        let mut next = parameters as u32;
        for kind in first_of_each(&kinds) {
            let own = (0..kinds.len()).filter(|local| kinds[*local] == kind);
            let mut own: Vec<usize> =
                own.map(|local| parameters + local).filter(|local| uses[*local] > 0).collect();
            own.sort_by_key(|local| std::cmp::Reverse(uses[*local]));
            if !own.is_empty() {
                groups.push((own.len() as u32, kind));
            }
            for local in own {
                self.numbers[local] = next;
                next += 1;
            }
        }
        let mut function = Function::new(groups);
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            function.instruction(&self.parse_instruction(&mut operators)?);
        }
        code.function(&function);
        Ok(())
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Result<Instruction<'a>, Failed> {
        let number = |local: u32| self.numbers[local as usize];
        Ok(match operator {
            Operator::LocalGet { local_index } => Instruction::LocalGet(number(local_index)),
            Operator::LocalSet { local_index } => Instruction::LocalSet(number(local_index)),
            Operator::LocalTee { local_index } => Instruction::LocalTee(number(local_index)),
            other => utils::instruction(self, other)?,
        })
    }

    fn mem_arg(&mut self, place: wasmparser::MemArg) -> Result<MemArg, Failed> {
        Ok(MemArg { align: 0, ..utils::mem_arg(self, place)? })
    }
}

fn first_of_each(kinds: &[ValType]) -> Vec<ValType> {
    let mut each = Vec::new();
    for kind in kinds {
        if !each.contains(kind) {
            each.push(*kind);
        }
    }
    each
}

/// Writes the functions in an order.
struct Functions {
    imported: u32,
    order: Vec<usize>,
    /// The new number of each function that is not imported.
    places: Vec<u32>,
}

impl Reencode for Functions {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Failed> {
        let own = function.checked_sub(self.imported).and_then(|own| self.places.get(own as usize));
        Ok(own.copied().unwrap_or(function))
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Failed> {
        let kinds = section.into_iter().collect::<Result<Vec<u32>, _>>()?;
        for function in &self.order {
            functions.function(kinds[*function]);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Failed> {
        let bodies = section.into_iter().collect::<Result<Vec<FunctionBody<'_>>, _>>()?;
        for function in self.order.clone() {
            self.parse_function_body(code, bodies[function].clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
