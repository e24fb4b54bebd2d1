use wasm_encoder::{ExportKind, ExportSection, FunctionSection, ImportSection, TypeSection};
use wasmparser::{Operator, Validator};

use super::*;

/// How many functions the module has that is arranged.
const MANY: usize = 300;

/// Functions with a number of their own, of two kinds that take turns; each calls the next and is exported under its
/// number.
fn a_module() -> Vec<u8> {
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    types.ty().function([], []);
    imports.import("m", "imported", wasm_encoder::EntityType::Function(0));
    let (mut functions, mut exports, mut code) =
        (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    for number in 0..MANY {
        functions.function(0);
        exports.export(&number.to_string(), ExportKind::Func, number as u32 + 1);
        let mut body = Function::new([]);
        body.instruction(&Instruction::I32Const(number as i32)).instruction(&Instruction::Drop);
        for step in 0..20 {
            let of_its_kind = if number % 2 == 0 { 1_000_000 + step } else { -5_000 - step * step };
            body.instruction(&Instruction::I32Const(of_its_kind)).instruction(&Instruction::Drop);
        }
        let next = (number + 1) % MANY;
        body.instruction(&Instruction::Call(next as u32 + 1)).instruction(&Instruction::End);
        code.function(&body);
    }
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&exports).section(&code);
    module.finish()
}

/// The number of each function and which function it calls, in the order in which they stand; and what is exported.
fn told(module: &[u8]) -> (Vec<(i32, u32)>, BTreeMap<String, u32>) {
    let (mut functions, mut exports) = (Vec::new(), BTreeMap::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload.unwrap() {
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.unwrap();
                    exports.insert(export.name.to_owned(), export.index);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let (mut number, mut calls) = (None, None);
                for operator in body.get_operators_reader().unwrap() {
                    match operator.unwrap() {
                        Operator::I32Const { value } => number = number.or(Some(value)),
                        Operator::Call { function_index } => calls = Some(function_index),
                        _ => {}
                    }
                }
                functions.push((number.unwrap(), calls.unwrap()));
            }
            _ => {}
        }
    }
    (functions, exports)
}

#[test]
fn each_function_still_calls_the_same_and_is_exported_under_its_name() {
    let arranged = arranged(&a_module()).unwrap();
    Validator::new().validate_all(&arranged).unwrap();
    let (functions, exports) = told(&arranged);
    assert_eq!((functions.len(), exports.len()), (MANY, MANY));
    let called = |index: u32| functions[index as usize - 1].0 as usize;
    for (number, calls) in &functions {
        assert_eq!(called(*calls), (*number as usize + 1) % MANY);
    }
    for (name, index) in &exports {
        assert_eq!(called(*index).to_string(), *name);
    }
}

#[test]
fn functions_that_are_alike_stand_together() {
    let (functions, _) = told(&arranged(&a_module()).unwrap());
    let kinds: Vec<i32> = functions[SHORT_NUMBERS..].iter().map(|(number, _)| number % 2).collect();
    let turns = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(turns, 1, "{kinds:?}");
}

#[test]
fn the_order_is_the_same_each_time() {
    assert_eq!(arranged(&a_module()).unwrap(), arranged(&a_module()).unwrap());
}

#[test]
fn variables_that_are_used_more_have_smaller_numbers_and_unused_ones_go() {
    let (mut types, mut functions, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([ValType::I32], []);
    functions.function(0);
    let mut body = Function::new([(2, ValType::I32), (1, ValType::I64), (1, ValType::I32)]);
    for local in [0, 1, 3, 4, 4, 4] {
        body.instruction(&Instruction::LocalGet(local)).instruction(&Instruction::Drop);
    }
    code.function(body.instruction(&Instruction::End));
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    let arranged = arranged(&module.finish()).unwrap();
    Validator::new().validate_all(&arranged).unwrap();
    let body = Shape::of(&arranged).unwrap().bodies.remove(0);
    let body = FunctionBody::new(wasmparser::BinaryReader::new(&body, 0));
    let kinds: Vec<_> = body.get_locals_reader().unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(kinds, [(2, wasmparser::ValType::I32), (1, wasmparser::ValType::I64)]);
    let gets: Vec<u32> = body
        .get_operators_reader()
        .unwrap()
        .into_iter()
        .filter_map(|operator| match operator.unwrap() {
            Operator::LocalGet { local_index } => Some(local_index),
            _ => None,
        })
        .collect();
    assert_eq!(gets, [0, 2, 3, 1, 1, 1]);
}

#[test]
fn what_is_no_module_is_refused() {
    assert!(arranged(b"no module").is_err());
}
