use std::rc::Rc;

use super::StoredValue;

/// What a component is given to call.
pub(crate) struct Callback<In, Out = ()>(StoredValue<Rc<dyn Call<In, Out>>>);

trait Call<In, Out> {
    fn call(&self, given: In) -> Out;
}

impl<In, Out, F: Fn(In) -> Out> Call<In, Out> for F {
    fn call(&self, given: In) -> Out {
        self(given)
    }
}

impl<In, Out> Clone for Callback<In, Out> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<In, Out> Copy for Callback<In, Out> {}

impl<In: 'static, Out: 'static> Callback<In, Out> {
    pub(crate) fn new(act: impl Fn(In) -> Out + 'static) -> Self {
        Self(StoredValue::new(Rc::new(act)))
    }

    pub(crate) fn run(self, given: In) -> Out {
        self.0.get_value().call(given)
    }
}
