"""Tests of skorch that forecasters fail on purpose, and why, by name.

The page "Coming from skorch" says the same in the words of users.
"""

_NAMES = "names are checked at once, with a TypeError and the nearest name"
_EPOCHS = "max_epochs is at least 1"
_DATASET = "dataset is a subclass of WindowDataset, for batches by one index"
_BESIDE = "covariates are part of the windows, not keys of a dictionary"
_ONE_OUTPUT = "a network puts out one tensor, of a checked shape"
_REPR = "an estimator is shown as scikit-learn shows it"
_TARGETS = "a forecaster needs targets"
_DEVICE = "a device that is not there is an error at once"
_MOCK = "a Mock says that it has parameters to train, but lists none"
_INSTANCE = "an instance of a torch module is no parameter of a subclass"
_ALWAYS_THERE = "module_ and criterion_ always are there"
_NONLINEARITY = "there is no predict_nonlinearity, since these are regressors"
_COMPILE = "compile takes effect at the next fit"
_PRINT = "lines go through a function, not to the print that Ray replaces"
_SHAPES = "windows and targets are arrays of fixed shape"

DIFFERENCES = {
    "test_callback_set_params": _MOCK,
    "test_callback_with_name_init_with_params": _MOCK,
    "test_call_fit_twice_retrains": _EPOCHS,
    "test_call_fit_twice_warmstart": _EPOCHS,
    "test_call_partial_fit_after_fit": _EPOCHS,
    "test_clone_results_in_uninitialized_net": _EPOCHS,
    "test_compile_called_after_set_params": _COMPILE,
    "test_compile_called_after_set_params_on_compile_param": _COMPILE,
    "test_compile_missing_dunder_in_prefix_arguments": _NAMES,
    "test_criteria_reinit_when_both_initialized_but_custom_criterion_changed": (
        _INSTANCE
    ),
    "test_custom_criterion_attribute_name_predict_works": _ALWAYS_THERE,
    "test_custom_modules_are_compiled": _ALWAYS_THERE,
    "test_custom_non_default_module_with_check_is_fitted": _ALWAYS_THERE,
    "test_customize_net_with_custom_dataset_that_returns_3_values": _DATASET,
    "test_data_dict_and_fit_params": _BESIDE,
    "test_data_dict_and_fit_params_conflicting_names_raises": _BESIDE,
    "test_fit_sparse_csr_learns": "windows are dense",
    "test_fit_with_dataset_stratified_without_explicit_y_raises": (
        "the targets of a dataset are those of the fit, so that the split gets them"
    ),
    "test_initializing_net_with_custom_history": "history is no parameter",
    "test_modules_reinit_when_both_initialized_but_custom_module_changed": _INSTANCE,
    "test_moving_custom_modules_to_device": _DEVICE,
    "test_multiouput_predict_proba": _ONE_OUTPUT,
    "test_multioutput_forward": _ONE_OUTPUT,
    "test_multioutput_forward_iter": _ONE_OUTPUT,
    "test_multioutput_predict": _ONE_OUTPUT,
    "test_net_init_missing_dunder_and_unknown": _NAMES,
    "test_net_init_missing_dunder_in_2_prefix_arguments": _NAMES,
    "test_net_init_missing_dunder_in_prefix_argument": _NAMES,
    "test_net_init_one_unknown_argument": _NAMES,
    "test_net_init_two_unknown_arguments": _NAMES,
    "test_net_initialized_with_custom_dataset_args": _DATASET,
    "test_net_initialized_with_initalized_dataset_and_kwargs_raises": _DATASET,
    "test_net_initialized_with_partialed_dataset": _DATASET,
    "test_net_variable_label_lengths": _SHAPES,
    "test_net_variable_prediction_lengths": _SHAPES,
    "test_passes_y_to_train_split_when_not_none[False-None-raises0]": _TARGETS,
    "test_passes_y_to_train_split_when_not_none[False-default-raises2]": _TARGETS,
    "test_passes_y_to_train_split_when_not_none[False-<lambda>-raises4]": _TARGETS,
    "test_pickle_save_load_device_is_none": "device=None is the CPU, without a warning",
    "test_pipeline_with_dict_x_and_groups_routing": _BESIDE,
    "test_predefined_split": "another dataset is read once, into one of ours",
    "test_predict_nonlinearity_called_with_predict": _NONLINEARITY,
    "test_predict_nonlinearity_called_with_predict_proba": _NONLINEARITY,
    "test_predict_nonlinearity_none": _NONLINEARITY,
    "test_predict_nonlinearity_type_error": _NONLINEARITY,
    "test_repr_fitted_works": _REPR,
    "test_repr_initialized_works": _REPR,
    "test_repr_uninitialized_works": _REPR,
    "test_set_params_on_callback_then_initialize_remembers_param": _PRINT,
    "test_set_params_on_custom_module_preserves_its_device": _DEVICE,
    "test_with_initialized_module_partial_fit": _EPOCHS,
    "test_with_initialized_module_warm_start": _EPOCHS,
}

_FILES = "needs files that skorch does not install"
_COMPILER = "needs a compiler of C++, and takes long"

NOT_HERE = {
    "test_pickle_load": _FILES,
    "test_load_cuda_params_to_cpu": _FILES,
    "test_fit_and_predict_with_compile": _COMPILER,
    "test_binary_classifier_with_compile": _COMPILER,
}
