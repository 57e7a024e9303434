# metafor on the data sets of metadat and on made-up effects at the edges: every estimator × test × moderators.
# Rscript metadat.R FOLDER [NAMES]   (one JSON a data set; sets that are there already are skipped, so that a run can be
#   resumed; NAMES, a regular expression, takes some of them, for several runs at once)
# python pack_metadat.py FOLDER   (metadat.json, which the tests read)
arguments <- commandArgs(TRUE)
dir.create(arguments[1], showWarnings = FALSE, recursive = TRUE)
source("metadat_sets.R")
if (length(arguments) > 1) sets <- sets[grepl(arguments[2], names(sets), perl = TRUE)]

tight <- list(threshold = 1e-12, maxiter = 10000, tol = 1e-13, tau2.max = 1e7)
methods <- c(fixed = "FE", dl = "DL", he = "HE", hs = "HS", sj = "SJ", ml = "ML", reml = "REML", eb = "EB", pm = "PM", genq = "GENQ")
num <- as.numeric
forms <- list(none = ~ 1, number = ~ number, factor = ~ factor, interaction = ~ number * factor)
one <- function(d, form, method, test) {
  scale <- mean(d$vi)
  args <- list(yi = d$yi, vi = d$vi, mods = form, data = d, method = methods[[method]], test = test)
  if (method == "genq") args$weights <- 1 / (d$vi + scale)

  for (step in c(1, .5, .1)) for (th in c(1e-12, 1e-11, 1e-10)) {
    args$control <- modifyList(tight, list(stepadj = step, threshold = th * scale, maxiter = if (step == 1 && th == 1e-12) 3000 else 10000, tau2.max = 1e7 * max(1, scale), tol = 1e-13 * scale))
    r <- try(suppressWarnings(do.call(rma.uni, args)), silent = TRUE)
    if (!inherits(r, "try-error")) return(r)
  }
  NULL
}
out <- list()
t0 <- Sys.time()
set_names <- c(grep("_", names(sets), value = TRUE), grep("_", names(sets), value = TRUE, invert = TRUE)); for (name in set_names) {
  d <- sets[[name]]; if (nrow(d) > 125) next; file <- file.path(arguments[1], paste0("grid_", name, ".json")); if (file.exists(file)) next; out <- list()
  for (f in names(forms)) {
    x <- try(model.matrix(forms[[f]], d), silent = TRUE)
    if (inherits(x, "try-error") || nrow(d) < ncol(x) + 1 || qr(x)$rank < ncol(x)) next
    for (m in names(methods)) {
      z <- one(d, forms[[f]], m, "z")
      if (is.null(z)) { out[[length(out) + 1]] <- list(set = name, mods = f, method = m, failed = TRUE); next }
      t <- one(d, forms[[f]], m, "t"); kh <- one(d, forms[[f]], m, "knha"); ad <- one(d, forms[[f]], m, "adhoc")
      e <- list(set = name, mods = f, method = m, beta = num(z$beta), tau2 = num(z$tau2), tau2_se = num(z$se.tau2), i2 = num(z$I2), h2 = num(z$H2),
        q = num(z$QE), q_p = num(z$QEp), ll = num(logLik(z)), r2 = if (is.null(z$R2)) NA else num(z$R2), weights = if (m == "genq" || nrow(d) <= 20) num(weights(z)) else NULL,
        se = list(num(z$se), num(t$se), num(kh$se), num(ad$se)), stat = list(num(z$zval), num(t$zval), num(kh$zval), num(ad$zval)),
        p = list(num(z$pval), num(t$pval), num(kh$pval), num(ad$pval)), lo = list(num(z$ci.lb), num(t$ci.lb), num(kh$ci.lb), num(ad$ci.lb)),
        hi = list(num(z$ci.ub), num(t$ci.ub), num(kh$ci.ub), num(ad$ci.ub)))
      if (f != "none") { e$qm <- c(num(z$QM), num(t$QM), num(kh$QM), num(ad$QM)); e$qm_p <- c(num(z$QMp), num(t$QMp), num(kh$QMp), num(ad$QMp)) }
      if (f == "none" && m != "fixed") { pr <- function(r) { p <- predict(r); num(c(p$pi.lb, p$pi.ub)) }; e$pi <- list(pr(z), pr(t), pr(kh), pr(ad)) }
      if (f == "number") { pr <- function(r) { p <- predict(r, newmods = 0.5 + num(mean(d$number))); num(c(p$pred, p$se, p$ci.lb, p$ci.ub, if (m == "fixed") c(NA, NA) else c(p$pi.lb, p$pi.ub))) }; e$pred <- list(pr(z), pr(kh)) }
      if (m %in% c("reml", "ml", "genq")) {
        ci <- try(suppressWarnings(confint(z, control = list(tol = 1e-14 * mean(d$vi), tau2.max = 1e6 * max(z$tau2, mean(d$vi)))))$random, silent = TRUE)
        if (!inherits(ci, "try-error")) e$qp <- num(ci["tau^2", 2:3])
        if (m != "genq") {
        ci <- try(suppressWarnings(confint(z, type = "PL", control = list(tol = 1e-14 * mean(d$vi), tau2.max = 1e6 * max(z$tau2, mean(d$vi)))))$random, silent = TRUE)
        if (!inherits(ci, "try-error")) e$pl <- num(ci["tau^2", 2:3]) }
      }
      out[[length(out) + 1]] <- e
    }
  }
  write(toJSON(list(data = d, grid = out), dataframe = "columns", auto_unbox = TRUE, digits = I(15), na = "null", null = "null"), file)
  cat(name, round(num(Sys.time() - t0, units = "secs")), "\n")
}
