#include "gradient_rows.h"
#include "hmem/autodiff/ops_image.h"
#include "hmem/autodiff/ops_nn.h"
#include "hmem/autodiff/ops_sequence.h"

namespace hmem::test {
namespace {

GradReport check_conv(Checked& c, const Shape& inp, int64_t out, Activation activation) {
  Parameter &x = c.parameter("x", inp), &w = c.parameter("w", {3, 3, inp[3], out}, 0.3), &b = c.parameter("b", {out});
  return c.check([&](Tape& t) { return conv2d(t.leaf(x), t.leaf(w), t.leaf(b), activation); });
}

enum class Trained { inp, weight, bias };

GradReport check_conv_of(Checked& c, Trained trained) {
  Parameter x("constant", {2, 3, 4, 2}), w("constant", {3, 3, 2, 3}), b("constant", {3});
  for (Parameter* p : {&x, &w, &b}) {
    for (real& value : p->value) value = static_cast<real>(c.rng().normal());
  }
  Parameter& p = c.parameter("p", trained == Trained::inp      ? x.value.shape()
                                  : trained == Trained::weight ? w.value.shape()
                                                               : b.value.shape());
  return c.check([&](Tape& t) {
    return conv2d(trained == Trained::inp ? t.leaf(p) : t.constant(x.value),
                  trained == Trained::weight ? t.leaf(p) : t.constant(w.value),
                  trained == Trained::bias ? t.leaf(p) : t.constant(b.value), Activation::elu);
  });
}

/// trained: 0 all, 1 the images, 2 the parameters of the first stage, 3 of the second.
GradReport check_conv_block(Checked& c, int64_t piece, double rate, int trained) {
  const Shape shapes[] = {{3, 3, 2, 3}, {3}, {3}, {3}, {3, 3, 3, 3}, {3}, {3}, {3}};
  std::vector<Parameter> constants;
  std::vector<Parameter*> trained_of;
  const auto add = [&](const Shape& shape, bool is_trained) {
    trained_of.push_back(is_trained ? &c.parameter("p", shape, 0.5) : nullptr);
    for (real& value : constants.emplace_back("constant", shape).value) value = static_cast<real>(c.rng().normal());
  };
  add({3, 4, 4, 2}, trained < 2);
  for (int i = 0; i < 8; ++i) add(shapes[i], trained == 0 || trained == 2 + i / 4);
  DropoutMask mask;
  mask.rate = rate;
  return c.check([&](Tape& t) {
    const auto var = [&](size_t i) { return trained_of[i] ? t.leaf(*trained_of[i]) : t.constant(constants[i].value); };
    const ConvStageVars stages[2] = {{var(1), var(2), var(3), var(4)}, {var(5), var(6), var(7), var(8)}};
    NormStatistics used[2];
    return conv_block(var(0), stages, real(1e-3), mask, piece, used);
  });
}

GradReport check_bias(Checked& c, Activation activation) {
  Parameter &x = c.parameter("x", {9, 19}), &b = c.parameter("b", {19});
  return c.check([&](Tape& t) { return add_bias(t.leaf(x), t.leaf(b), activation); });
}

GradReport check_gate(Checked& c, bool x_trained, bool g_trained) {
  Parameter x("constant", {9, 19}), g("constant", {9, 1});
  for (Parameter* p : {&x, &g}) {
    for (real& value : p->value) value = static_cast<real>(c.rng().normal());
  }
  Parameter* x_of = x_trained ? &c.parameter("x", {9, 19}) : nullptr;
  Parameter* g_of = g_trained ? &c.parameter("g", {9, 1}) : nullptr;
  return c.check([&](Tape& t) {
    return gate_rows(x_of ? t.leaf(*x_of) : t.constant(x.value), g_of ? t.leaf(*g_of) : t.constant(g.value));
  });
}

GradReport check_lstm(Checked& c, const Shape& inp, int64_t h, LstmOutput output) {
  Parameter &x = c.parameter("x", inp), &kernel = c.parameter("kernel", {inp[2], 4 * h}, 0.5),
            &bias = c.parameter("bias", {4 * h});
  // One step does not multiply by the recurrent weights: then they are a constant.
  Tensor constant({h, 4 * h});
  Parameter* recurrent = inp[1] > 1 ? &c.parameter("recurrent", {h, 4 * h}, 0.5) : nullptr;
  return c.check([&](Tape& t) {
    const Var u = recurrent ? t.leaf(*recurrent) : t.constant(constant);
    return lstm(t.leaf(x), t.leaf(kernel), u, t.leaf(bias), output);
  });
}

GradReport check_lstm_of(Checked& c, int trained) {
  const Shape shapes[] = {{2, 3, 4}, {4, 12}, {3, 12}, {12}};
  std::vector<Parameter> constants;
  for (const Shape& shape : shapes) {
    for (real& value : constants.emplace_back("constant", shape).value) value = static_cast<real>(c.rng().normal());
  }
  Parameter& p = c.parameter("p", shapes[trained]);
  return c.check([&](Tape& t) {
    const auto var = [&](int i) {
      return i == trained ? t.leaf(p) : t.constant(constants[static_cast<size_t>(i)].value);
    };
    return lstm(var(0), var(1), var(2), var(3));
  });
}

enum class Attended { all, query, keys, values };

GradReport check_attend(Checked& c, Attended trained, double deviation = 1) {
  Parameter query("constant", {4, 3}), keys("constant", {11, 3}), values("constant", {11, 5});
  for (Parameter* p : {&query, &keys, &values}) {
    for (real& value : p->value) value = static_cast<real>(c.rng().normal());
  }
  const auto choose = [&](Parameter& constant, Attended which) {
    const bool wanted = trained == Attended::all || trained == which;
    return wanted ? &c.parameter("trained", constant.value.shape(), deviation) : nullptr;
  };
  Parameter *q = choose(query, Attended::query), *k = choose(keys, Attended::keys),
            *v = choose(values, Attended::values);
  return c.check([&](Tape& t) {
    return attend(q ? t.leaf(*q) : t.constant(query.value), k ? t.leaf(*k) : t.constant(keys.value),
                  v ? t.leaf(*v) : t.constant(values.value), {0, 4, 5, 9, 11});
  });
}

GradientRow conv_row(const char* option, const Shape& images, int64_t out, Activation activation) {
  return {"conv2d", option, [=](Checked& c) { return check_conv(c, images, out, activation); }};
}

}  // namespace

std::vector<GradientRow> image_rows() {
  return {
      conv_row("no activation", {2, 4, 5, 3}, 4, Activation::none),
      conv_row("elu", {2, 4, 5, 3}, 4, Activation::elu),
      conv_row("32 to 64 channels", {9, 2, 2, 32}, 64, Activation::elu),
      conv_row("tiles of 4 x 4", {1, 5, 7, 16}, 17, Activation::elu),
      conv_row("tiles of 2 x 4", {2, 2, 6, 16}, 16, Activation::none),
      conv_row("tiles of 4 x 2", {2, 6, 2, 17}, 16, Activation::elu),
      conv_row("one pixel", {3, 1, 1, 2}, 2, Activation::elu),
      conv_row("a row of 9", {1, 1, 9, 2}, 32, Activation::none),
      {"conv2d", "input alone", [](Checked& c) { return check_conv_of(c, Trained::inp); }},
      {"conv2d", "weight alone", [](Checked& c) { return check_conv_of(c, Trained::weight); }},
      {"conv2d", "bias alone", [](Checked& c) { return check_conv_of(c, Trained::bias); }},
      {"conv_block", "one image at a time", [](Checked& c) { return check_conv_block(c, 1, 0, 0); }},
      {"conv_block", "dropout", [](Checked& c) { return check_conv_block(c, 2, 0.3, 0); }},
      {"conv_block", "images alone", [](Checked& c) { return check_conv_block(c, 2, 0, 1); }},
      {"conv_block", "first stage alone", [](Checked& c) { return check_conv_block(c, 3, 0, 2); }},
      {"conv_block", "second stage alone", [](Checked& c) { return check_conv_block(c, 2, 0, 3); }},
      {"max_pool", "even sizes",
       [](Checked& c) {
         Parameter& x = c.parameter("x", {2, 4, 6, 5});
         return c.check([&](Tape& t) { return max_pool(t.leaf(x)); });
       }},
      {"max_pool", "odd sizes",
       [](Checked& c) {
         Parameter& x = c.parameter("x", {2, 3, 5, 18});
         return c.check([&](Tape& t) { return max_pool(t.leaf(x)); });
       }},
      {"elu", "",
       [](Checked& c) {
         Parameter& x = c.parameter("x", {7, 19}, 2);
         return c.check([&](Tape& t) { return elu(t.leaf(x)); });
       }},
      {"add_bias", "no activation", [](Checked& c) { return check_bias(c, Activation::none); }},
      {"add_bias", "elu", [](Checked& c) { return check_bias(c, Activation::elu); }},
      {"add_bias", "of another shape's view",
       [](Checked& c) {
         Parameter &x = c.parameter("x", {2, 3, 2, 4}), &b = c.parameter("b", {8});
         return c.check([&](Tape& t) {
           const Var rows = t.reshape(elu(t.leaf(x)), {6, 8});
           return add(add_bias(rows, t.leaf(b), Activation::elu), rows);
         });
       }},
      {"gate_rows", "", [](Checked& c) { return check_gate(c, true, true); }},
      {"gate_rows", "input alone", [](Checked& c) { return check_gate(c, true, false); }},
      {"gate_rows", "gate alone", [](Checked& c) { return check_gate(c, false, true); }},
      {"positive_rms_norm", "",
       [](Checked& c) {
         Parameter& x = c.parameter("x", {9, 19});
         return c.check([&](Tape& t) { return positive_rms_norm(t.leaf(x), real(1e-3)); });
       }},
      {"positive_rms_norm", "before a ReLU",
       [](Checked& c) {
         Parameter& x = c.parameter("x", {9, 19});
         return c.check([&](Tape& t) { return relu(positive_rms_norm(t.leaf(x), real(0.5))); });
       }},
      {"concat_steps", "",
       [](Checked& c) {
         Parameter &x = c.parameter("x", {3, 2, 4}), &y = c.parameter("y", {3, 4});
         return c.check([&](Tape& t) {
           const Var last = t.reshape(t.leaf(y), {3, 1, 4});
           return concat_steps({t.leaf(x), last, last});
         });
       }},
      {"lstm", "last state",
       [](Checked& c) {
         return check_lstm(c, {3, 5, 4}, 6, LstmOutput::last);
       }},
      {"lstm", "all states",
       [](Checked& c) {
         return check_lstm(c, {3, 5, 4}, 6, LstmOutput::all);
       }},
      {"lstm", "one step",
       [](Checked& c) {
         return check_lstm(c, {2, 1, 3}, 17, LstmOutput::last);
       }},
      {"lstm", "input alone", [](Checked& c) { return check_lstm_of(c, 0); }},
      {"lstm", "kernel alone", [](Checked& c) { return check_lstm_of(c, 1); }},
      {"lstm", "recurrent weights alone", [](Checked& c) { return check_lstm_of(c, 2); }},
      {"lstm", "bias alone", [](Checked& c) { return check_lstm_of(c, 3); }},
      {"gather_rows", "repeated rows and zeros",
       [](Checked& c) {
         Parameter& x = c.parameter("x", {5, 18});
         return c.check([&](Tape& t) { return gather_rows(t.leaf(x), {3, -1, 0, 3, 4, 3, -1, 1}); });
       }},
      {"gather_rows", "of an intermediate value that is used again",
       [](Checked& c) {
         Parameter& x = c.parameter("x", {5, 4});
         return c.check([&](Tape& t) {
           const Var y = elu(t.leaf(x));
           return add(gather_rows(y, {4, 4, -1, 2, 0}), y);
         });
       }},
      {"attend", "all trained", [](Checked& c) { return check_attend(c, Attended::all); }},
      {"attend", "sharp", [](Checked& c) { return check_attend(c, Attended::all, 3); }},
      {"attend", "query alone", [](Checked& c) { return check_attend(c, Attended::query); }},
      {"attend", "keys alone", [](Checked& c) { return check_attend(c, Attended::keys); }},
      {"attend", "values alone", [](Checked& c) { return check_attend(c, Attended::values); }},
      {"attend", "parts of one matrix that overlap",
       [](Checked& c) {
         Parameter& x = c.parameter("x", {9, 4});
         return c.check([&](Tape& t) {
           const Var all = t.leaf(x);
           return attend(t.slice(all, 1, 4), t.slice(all, 0, 7), t.slice(all, 2, 9), {0, 3, 4, 7});
         });
       }},
      {"attend", "two hops",
       [](Checked& c) {
         Parameter &q = c.parameter("q", {2, 4}), &k = c.parameter("k", {7, 4}), &v = c.parameter("v", {7, 4});
         return c.check([&](Tape& t) {
           const Var query = t.leaf(q), keys = t.leaf(k), values = t.leaf(v);
           return attend(add(query, attend(query, keys, values, {0, 3, 7})), keys, values, {0, 3, 7});
         });
       }},
  };
}

}  // namespace hmem::test
