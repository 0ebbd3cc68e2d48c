"""The built-in task `computing/qubit_routing`: a quantum circuit on a 27-qubit heavy-hex device, with the least loss."""
