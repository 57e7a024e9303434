# Golden values for tests/models: sample-level models of the demonstration waves, and of plates that differ, by lme4.
#
#   snakemake --cores 4 models
#   Rscript validation/models/goldens.R          writes validation/models/goldens.json
#
# Rows come from results/<wave>/models/samples.csv and are stored with the results, so that both sides see the same
# numbers. In each demonstration wave a variance is estimated as zero (runs or sessions); the fourth case is drawn
# here, with plates that differ by three times as much as subjects.

suppressMessages({ library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite) })

arguments <- commandArgs(FALSE)
here <- dirname(sub("^--file=", "", arguments[grep("^--file=", arguments)]))
root <- file.path(here, "..", "..")
# lme4's own default stops at 1e-5 of a relative standard deviation.
tight <- lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE, check.conv.singular = "ignore",
  optCtrl = list(algorithm = "NLOPT_LN_BOBYQA", xtol_abs = 1e-12, ftol_abs = 1e-14, maxeval = 1e6))

case <- function(name, data, formula) {
  data <- data[complete.cases(data[all.vars(formula)]), all.vars(formula)]
  fit <- lmerTest::lmer(formula, data, control = tight)
  variances <- as.data.frame(VarCorr(fit))
  kr <- coef(summary(fit, ddf = "Kenward-Roger"))
  sat <- coef(summary(fit, ddf = "Satterthwaite"))
  list(name = name, formula = paste(deparse(formula, width.cutoff = 500), collapse = " "),
    terms = rownames(kr), estimate = unname(kr[, "Estimate"]), std_error = unname(sqrt(diag(as.matrix(vcov(fit))))),
    kenward_roger = list(std_error = unname(kr[, "Std. Error"]), df = unname(kr[, "df"])),
    satterthwaite = list(df = unname(sat[, "df"])),
    variances = setNames(as.list(variances$vcov), ifelse(variances$grp == "Residual", "residual", variances$grp)),
    log_likelihood = as.numeric(logLik(fit)), n = nrow(data), data = data)
}

waves <- lapply(c("demo_saliva", "demo_dyads", "demo_plasma"), function(wave) {
  rows <- read.csv(file.path(root, "results", wave, "models", "samples.csv"), na.strings = "")
  rows <- rows[rows$analyte == "oxytocin" & rows$role == "patient", ]
  rows$occasion <- factor(rows$occasion, c("pre", "post"))
  list(
    case(wave, rows, log_concentration ~ time + occasion + (1 | patient) + (1 | patient_session) + (1 | run)),
    case(paste(wave, "and rupture"), rows, log_concentration ~ time + occasion * rupture_point_drop_bond +
      (1 | patient) + (1 | patient_session) + (1 | run)))
})

set.seed(20180)
plates <- data.frame(run = sprintf("R%02d", 1:160 %% 16), patient = sprintf("P%02d", sample(20, 160, TRUE)),
  occasion = factor(sample(c("pre", "post"), 160, TRUE), c("pre", "post")), time = round(runif(160, 0, 3), 3))
plates$patient_session <- paste(plates$patient, sample(4, 160, TRUE))
level <- function(group, sd) { u <- rnorm(length(unique(group)), 0, sd); names(u) <- unique(group); u[group] }
plates$log_concentration <- round(1 + 0.15 * (plates$occasion == "post") + level(plates$run, sqrt(0.19)) +
  level(plates$patient, sqrt(0.06)) + level(plates$patient_session, sqrt(0.04)) + rnorm(160, 0, sqrt(0.18)), 6)
crossed <- case("plates that differ", plates,
  log_concentration ~ time + occasion + (1 | patient) + (1 | patient_session) + (1 | run))

versions <- sapply(c("lme4", "lmerTest", "pbkrtest"), function(name) as.character(packageVersion(name)))
write_json(list(r = R.version.string, versions = as.list(versions), command = "Rscript validation/models/goldens.R",
  cases = c(do.call(c, waves), list(crossed))), file.path(here, "goldens.json"), auto_unbox = TRUE, digits = 15,
  dataframe = "columns")
