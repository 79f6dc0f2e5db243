"""From cells to a law in a dozen lines. Each line is a stage."""

import anndata

import noiselaw

# Any AnnData or MuData of raw counts will do; these are simulated, so that the script runs anywhere.
simulated = noiselaw.simulate.cells(n_cells=1500, n_genes=500, n_types=5, n_proteins=4).dataset
adata = anndata.AnnData(simulated.observations, obs=simulated.annotations, obsm=dict(simulated.matrices))

signals = [noiselaw.Labels("cell_type"), noiselaw.Abundances("protein")]
study = noiselaw.Study(data=adata, signals=signals, levels=6, sizes=2, seeds=2)
table = noiselaw.run(study)  # a pandas table; pass out="runs/mine" to keep it and to go on later

full = table[table["n_train"] == table["n_train"].max()]
fits = noiselaw.fit_table(full, law="noise", by=["signal", "representation"])
print(fits[["signal", "representation", "I_max", "u_bar", "status"]].to_string(index=False))

laws = noiselaw.fit_groups(full[full["signal"] == "cell_type"], by=["representation"])
axes = noiselaw.plot.noise_curves(table, laws, signal="cell_type")
axes.figure.savefig("curves.svg")
