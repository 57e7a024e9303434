# metafor and clubSandwich on the data sets of metadat: nested models, robust tests, diagnostics, and long data sets.
# Rscript sweeps.R FOLDER [NAMES]   (one JSON a data set; sets that are there already are skipped; NAMES as in metadat.R)
# python compare_sweeps.py FOLDER   (our values beside them; it fails where a difference is not a known one)
arguments <- commandArgs(TRUE)
dir.create(arguments[1], showWarnings = FALSE, recursive = TRUE)
source("metadat_sets.R")
suppressMessages(library(clubSandwich))
if (length(arguments) > 1) sets <- sets[grepl(arguments[2], names(sets), perl = TRUE)]
num <- as.numeric
quiet <- function(call) try(suppressWarnings(call), silent = TRUE)
ok <- function(x) !inherits(x, "try-error")
forms <- list(none = ~ 1, number = ~ number, factor = ~ factor, interaction = ~ number * factor)
identified <- function(d, form) { x <- quiet(model.matrix(form, d)); ok(x) && qr(x)$rank == ncol(x) && nrow(d) > ncol(x) + 1 }
control_of <- function(d, step = 1) { scale <- mean(d$vi)
  list(threshold = 1e-12 * scale, maxiter = 5000, stepadj = step, tol = 1e-13 * scale, tau2.max = 1e7 * max(1, scale)) }
uni <- function(d, form, method, test) {
  for (step in c(1, .5, .1)) {
    r <- quiet(rma.uni(yi, vi, mods = form, data = d, method = method, test = test, control = control_of(d, step)))
    if (ok(r)) return(r)
  }
  NULL
}
columns <- function(x, names) lapply(setNames(names, names), function(one) num(x[[one]]))
tests <- function(r) list(beta = num(r$beta), se = num(r$se), p = num(r$pval), lo = num(r$ci.lb), hi = num(r$ci.ub))

# Up to four nested levels, the outermost alone too; nlminb gets the tightest tolerance that it accepts.
nested <- function(d) {
  groups <- grep("^g_", names(d), value = TRUE); d$g_own <- seq_len(nrow(d)); out <- list()
  if (nrow(d) > 175 || !length(groups) || length(unique(d[[groups[1]]])) %in% c(1, nrow(d))) return(out)
  for (levels in unique(list(groups[1], c(groups[1], "g_own"), groups))) for (mods in c("none", "number")) {
    if (!identified(d, forms[[mods]])) next
    random <- as.formula(paste("~ 1 |", paste(levels, collapse = "/")))
    for (method in c("REML", "ML")) for (test in if (method == "REML") c("z", "t") else "z") {
      r <- structure(1, class = "try-error")
      for (rel in c(1e-13, 1e-12, 1e-11, 1e-10, 1e-8)) if (!ok(r))
        r <- quiet(rma.mv(yi, vi, mods = forms[[mods]], random = random, data = d, method = method, test = test, control = list(rel.tol = rel, x.tol = 1e-12)))
      if (!ok(r)) next
      e <- c(list(levels = I(levels), mods = mods, method = method, test = test, sigma2 = I(num(r$sigma2)), ll = num(logLik(r)), q = num(r$QE)), tests(r))
      if (method == "REML" && test == "z") { ct <- quiet(coef_test(r, vcov = "CR2", cluster = d[[groups[1]]]))
        if (ok(ct)) e$cr2 <- list(se = num(ct$SE), df = num(ct[[grep("^df", names(ct))[1]]]), p = num(ct[[grep("^p", names(ct))[1]]])) }
      out[[length(out) + 1]] <- e
    }
  }
  out
}
robust <- function(d) {
  groups <- grep("^g_", names(d), value = TRUE); out <- list()
  if (nrow(d) > 125 || !length(groups) || length(unique(d[[groups[1]]])) < 2) return(out)
  for (mods in c("none", "number", "factor")) if (identified(d, forms[[mods]])) {
    r <- uni(d, forms[[mods]], "REML", "z"); if (is.null(r)) next
    ct <- quiet(coef_test(r, vcov = "CR2", cluster = d[[groups[1]]])); if (!ok(ct)) next
    out[[length(out) + 1]] <- list(mods = mods, se = num(ct$SE), df = num(ct[[grep("^df", names(ct))[1]]]), p = num(ct[[grep("^p", names(ct))[1]]]))
  }
  out
}

influence_of <- function(r) { i <- quiet(influence(r)); if (!ok(i)) return(NULL)
  pdf(NULL); b <- quiet(baujat(r)); dev.off()
  c(columns(i$inf, c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight")),
    list(dfbetas = lapply(unname(as.list(i$dfbs)), num), influential = as.logical(i$is.infl), x = if (ok(b)) num(b$x), y = if (ok(b)) num(b$y))) }
diagnostics <- function(d) {
  out <- list(); if (nrow(d) < 3 || nrow(d) > 60) return(out)
  for (which in list(c("REML", "knha"), c("DL", "z"), c("FE", "z"))) {
    r <- uni(d, ~ 1, which[1], which[2]); if (is.null(r)) next
    e <- list(method = which[1], test = which[2], influence = influence_of(r))
    l <- quiet(leave1out(r)); if (ok(l)) e$leave_one_out <- columns(l, c("estimate", "se", "pval", "ci.lb", "ci.ub", "tau2", "I2", "H2", "Q", "Qp"))
    cu <- quiet(cumul(r, order = d$order)); if (ok(cu)) e$cumulative <- columns(cu, c("estimate", "se", "ci.lb", "ci.ub", "tau2", "I2", "H2"))
    for (model in c("rma", "lm")) for (predictor in c("sei", "vi")) { t <- quiet(regtest(r, model = model, predictor = predictor))
      if (ok(t)) e[[paste("egger", model, predictor, sep = "_")]] <- num(c(t$zval, t$pval, t$est, t$ci.lb, t$ci.ub)) }
    pet <- quiet(coef(summary(lm(yi ~ sqrt(vi), weights = 1 / vi, data = d)))); peese <- quiet(coef(summary(lm(yi ~ vi, weights = 1 / vi, data = d))))
    if (ok(pet) && ok(peese) && nrow(pet) == 2 && !anyNA(pet)) e$pet_peese <- num(c(pet[1, 4], if (pet[1, 4] < .1) peese[1, 1:2] else pet[1, 1:2]))
    if (length(unique(d$vi)) > 1) { t <- quiet(ranktest(r)); if (ok(t)) e$rank <- num(c(t$tau, t$pval)) }
    for (estimator in c("L0", "R0")) { t <- quiet(trimfill(r, estimator = estimator, control = control_of(d)))
      if (ok(t)) e[[paste0("trimfill_", estimator)]] <- list(k0 = num(t$k0), side = t$side, values = num(c(t$se.k0, t$beta, t$tau2))) }
    out[[length(out) + 1]] <- e
  }
  if (nrow(d) >= 8 && identified(d, ~ number)) { r <- uni(d, ~ number, "REML", "z")
    if (!is.null(r)) out[[length(out) + 1]] <- list(method = "REML", test = "z", mods = "number", influence = influence_of(r)) }
  out
}
fail_safe <- function(d) if (nrow(d) <= 175) list(rosenthal = num(fsn(d$yi, d$vi)$fsnum), orwin = num(fsn(d$yi, type = "Orwin")$fsnum), rosenberg = num(fsn(d$yi, d$vi, type = "Rosenberg")$fsnum))
selected <- function(d) {
  out <- list(); if (nrow(d) < 10 || nrow(d) > 125) return(out)
  r <- uni(d, ~ 1, "ML", "z"); if (is.null(r)) return(out)
  side <- if (r$beta > 0) "greater" else "less"
  p <- pnorm(d$yi / sqrt(d$vi), lower.tail = side == "less")
  for (steps in list(.025, c(.025, .5))) {
    if (any(table(cut(p, c(0, steps, 1), include.lowest = TRUE)) < 2)) next
    s <- quiet(selmodel(r, type = "stepfun", steps = steps, alternative = side, control = list(reltol = 1e-15, maxit = 10000))); if (!ok(s)) next
    out[[length(out) + 1]] <- list(steps = I(steps), side = side, beta = num(s$beta), se = num(s$se), tau2 = num(s$tau2), delta = num(s$delta), lrt = num(s$LRT), ll = num(logLik(s)))
  }
  out
}
long <- function(d) {
  out <- list(); if (nrow(d) <= 125) return(out)
  # metafor holds k × k matrices: the two longest take minutes a fit, so two fits each.
  for (mods in if (nrow(d) > 1000) "number" else names(forms)) if (identified(d, forms[[mods]])) for (method in if (nrow(d) > 1000) c("DL", "REML") else c("REML", "DL", "ML")) {
    r <- uni(d, forms[[mods]], method, "knha"); if (is.null(r)) next
    out[[length(out) + 1]] <- c(list(mods = mods, method = method, tau2 = num(r$tau2), tau2_se = num(r$se.tau2), i2 = num(r$I2), q = num(r$QE), ll = num(logLik(r)), qm = if (mods != "none") num(r$QM)), tests(r))
  }
  out
}

for (name in names(sort(sapply(sets, nrow)))) {
  file <- file.path(arguments[1], paste0("sweep_", name, ".json")); if (file.exists(file)) next
  d <- sets[[name]]; started <- proc.time()[["elapsed"]]
  found <- list(data = d, nested = nested(d), robust = robust(d), diagnostics = diagnostics(d), fail_safe = fail_safe(d), selection = selected(d), long = long(d))
  write(toJSON(found, dataframe = "columns", auto_unbox = TRUE, digits = I(15), na = "null", null = "null"), file)
  cat(name, nrow(d), round(proc.time()[["elapsed"]] - started), "\n")
}
