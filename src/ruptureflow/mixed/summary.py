"""A fitted model as text for people."""


def summary_text(fit, df: str) -> str:
    """What was fitted, the verdict, variance components and fixed effects with the df of one method."""
    parts = [repr(fit)]
    if fit.n_dropped:
        parts.append(f"{fit.n_dropped} rows with missing values were left out.")
    parts.append(
        f"{'restricted ' if fit.method == 'reml' else ''}log-likelihood {fit.log_likelihood:.4f}, "
        f"AIC {fit.aic:.2f}, BIC {fit.bic:.2f}"
    )
    for name, matrix in fit.random_covariance.items():
        if len(matrix):
            parts.append(f"Covariance of random effects, {name}:\n{matrix.to_string()}")
    residual = ", ".join(f"{name} {value:.6g}" for name, value in fit.residual_parameters.items())
    if residual:
        parts.append(f"Residual: {residual}")
    parts.append(f"Fixed effects ({df} df):\n{fit.fixed_effects(df).to_string(index=False)}")
    return "\n\n".join(parts)
