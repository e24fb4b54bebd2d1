use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, FnArg, ItemFn, Pat, PatType, Result, spanned::Spanned};

pub(crate) fn expanded(function: TokenStream) -> Result<TokenStream> {
    let ItemFn { attrs, vis, sig, block, .. } = syn::parse2(function)?;
    let name = &sig.ident;
    let arguments = sig.inputs.iter().map(argument).collect::<Result<Vec<_>>>()?;
    let fields = arguments.iter().map(|PatType { attrs, pat, ty, .. }| quote! { #(#attrs)* #vis #pat: #ty });
    let names: Vec<&Pat> = arguments.iter().map(|argument| &*argument.pat).collect();
    let output = &sig.output;
    Ok(quote! {
        #(#attrs)*
        #vis struct #name { #(#fields),* }

        impl crate::dom::Component for #name {
            fn view(self) -> crate::dom::View {
                fn body(#name { #(#names),* }: #name) #output #block
                reactive_graph::graph::untrack(move || crate::dom::IntoView::into_view(body(self)))
            }
        }
    })
}

fn argument(argument: &FnArg) -> Result<&PatType> {
    match argument {
        FnArg::Typed(argument) if matches!(&*argument.pat, Pat::Ident(_)) => Ok(argument),
        _ => Err(Error::new(argument.span(), "an argument of a component has a name and a type")),
    }
}
